//! Convolution, ReLU and 2×2 max-pool with many subsets of the input channels.

use rayon::prelude::*;

use crate::error::check_len;
use crate::forward::View;
use crate::level::{Kernel, Lanes, keep_where_positive};
use crate::pack::{ByPanels, Order, PANEL, Packed, by_panels};
use crate::scratch::Scratch;
use crate::subsets::ChannelSubsets;
use crate::tile::{Reads, accumulate, load_bias};
use crate::{Conv2d, Images, KernelError};

/// Positions in a window of the pool.
const WINDOW: usize = 4;

impl Conv2d {
    /// As [`forward_relu_pool`](Self::forward_relu_pool) once for each of `subsets`, in which only the subset's channels
    /// of the input take part, and the output's channels are multiplied by the subset's `factors`, `[S, Cout]`; the
    /// result is `out`, `[N, S, PH, PW, Cout]`.
    ///
    /// A convolution is a sum over input channels, each convolved by itself: that is done once for all subsets, which
    /// then only add up. Where a whole convolution takes `Kh · Kw` multiply-adds per input channel, a subset takes one
    /// addition, or a share of one ([`ChannelSubsets`]).
    ///
    /// # Errors
    /// If a length does not fit the shapes, or the map is smaller than the pool.
    #[expect(
        clippy::too_many_arguments,
        reason = "those of its sibling, the subsets and their factors"
    )]
    pub fn forward_relu_pool_subsets(
        &self,
        input: Images,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        subsets: &ChannelSubsets,
        factors: &[f32],
        out: &mut [f32],
    ) -> Result<(), KernelError> {
        self.check(input, Some(x), Some(weight))?;
        let output = self.pooled_output(input)?;
        self.check_bias(bias)?;
        check_len("the subsets' channels", subsets.channels(), self.cin)?;
        let count = subsets.count();
        let channels = crate::error::product("the output", &[count, self.cout])?;
        check_len("the factors", factors.len(), channels)?;
        check_len("the output", out.len(), output.elements(channels)?)?;
        let weights = self.channel_order().pack(weight, self.level.lanes());
        let factors = self.factor_vectors(factors);
        let view = self.view(input)?;
        let taps: Vec<usize> = (0..self.kernel[0])
            .flat_map(|y| (0..self.kernel[1]).map(move |x| (y, x)))
            .map(|(y, x)| y * view.row + x * self.cin)
            .collect();
        let out_image = output.height * output.width * channels;
        out.par_chunks_exact_mut(out_image.max(1))
            .zip(x.par_chunks_exact(self.image(input)))
            .for_each(|(out, x)| {
                let lanes = self.level.lanes();
                let mut terms = Scratch::unspecified(subsets.terms() * WINDOW * lanes);
                let mut maps = Scratch::unspecified(PANEL * self.cin * WINDOW * lanes);
                let mut strip = Scratch::unspecified(count * output.width * PANEL * lanes);
                view.with_padded(x, |x| {
                    self.level.run(ReluPoolSubsets {
                        view: &view,
                        taps: &taps,
                        x,
                        weights: &weights,
                        bias,
                        subsets,
                        factors: &factors,
                        rows: output.height,
                        columns: output.width,
                        channels: self.cout,
                        maps: &mut maps,
                        terms: &mut terms,
                        strip: &mut strip,
                        out,
                    });
                });
            });
        Ok(())
    }

    /// The weight channel by channel of the input.
    fn channel_order(&self) -> Order {
        Order {
            taps: (0..self.cin).map(|i| i * self.taps()).collect(),
            inner: self.taps(),
            inner_step: 1,
            channels: self.cout,
            channel_step: self.cin * self.taps(),
        }
    }

    /// Factors `[S, Cout]` by vector of channels, then by subset: `[vectors, S]` vectors.
    fn factor_vectors(&self, factors: &[f32]) -> Scratch<f32> {
        let lanes = self.level.lanes();
        let subsets = factors.len() / self.cout;
        let mut vectors = Scratch::zeroed(self.cout.next_multiple_of(lanes) * subsets);
        for (s, factors) in factors.chunks_exact(self.cout).enumerate() {
            for (v, factors) in factors.chunks(lanes).enumerate() {
                vectors[(v * subsets + s) * lanes..][..factors.len()].copy_from_slice(factors);
            }
        }
        vectors
    }
}

/// One image's part.
struct ReluPoolSubsets<'a> {
    view: &'a View,
    /// Places of a window's numbers of one channel.
    taps: &'a [usize],
    /// The padded image.
    x: &'a [f32],
    /// By [`Conv2d::channel_order`].
    weights: &'a Packed,
    bias: Option<&'a [f32]>,
    subsets: &'a ChannelSubsets,
    /// By [`Conv2d::factor_vectors`].
    factors: &'a [f32],
    /// Size of the pooled map.
    rows: usize,
    columns: usize,
    channels: usize,
    /// Every input channel convolved by itself, at the positions of a window: `[panel, Cin, WINDOW]` vectors.
    maps: &'a mut [f32],
    /// Terms of the sums, `[terms, WINDOW]` vectors.
    terms: &'a mut [f32],
    /// A row of the result for one panel, `[S, columns, panel]`: subset by subset it lies far apart in `out`, where
    /// single vectors would be slow to write.
    strip: &'a mut [f32],
    /// `[S, rows, columns, channels]`.
    out: &'a mut [f32],
}

impl Kernel for ReluPoolSubsets<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        by_panels(simd, self.weights, &mut self);
    }
}

impl ByPanels for ReluPoolSubsets<'_> {
    #[inline(always)]
    fn panel<S: Lanes, const V: usize>(
        &mut self,
        simd: S,
        channel: usize,
        weights: &[[S::f32s; V]],
    ) {
        let bias = load_bias::<S, V>(simd, self.bias, channel);
        for row in 0..self.rows {
            for column in 0..self.columns {
                self.convolve::<S, V>(simd, row, column, weights);
                for (v, &bias) in bias.iter().enumerate() {
                    let vector = channel / S::F32_LANES + v;
                    self.add_up(simd, v, vector, column * V + v, V * self.columns, bias);
                }
            }
            self.put_row(row, channel, V * S::F32_LANES);
        }
    }
}

impl ReluPoolSubsets<'_> {
    /// Every input channel by itself, under one window of the pool.
    #[inline(always)]
    fn convolve<S: Lanes, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        weights: &[[S::f32s; V]],
    ) {
        let view = self.view;
        let first = 2 * (row * view.window_rows + column * view.step);
        let zero = simd.splat_f32s(0.0);
        let maps = S::as_mut_simd_f32s(self.maps).0.as_chunks_mut::<WINDOW>().0;
        let inputs = self.subsets.channels();
        for (input, weights) in weights.chunks_exact(self.taps.len()).enumerate() {
            let reads = Reads {
                x: &self.x[input..],
                step: view.step,
                runs: self.taps,
                run: 1,
            };
            let mut sums = [[[zero; V]; 2]; 2];
            let firsts = [first, first + view.window_rows];
            accumulate::<S, 2, 2, V>(simd, reads, firsts, weights, &mut sums);
            for v in 0..V {
                maps[v * inputs + input] =
                    [sums[0][0][v], sums[0][1][v], sums[1][0][v], sums[1][1][v]];
            }
        }
    }

    /// All subsets' sums over vector `v` of the panel, to the end; they go to vectors `first`, `first + step`, … of the
    /// strip.
    #[inline(always)]
    fn add_up<S: Lanes>(
        &mut self,
        simd: S,
        v: usize,
        vector: usize,
        first: usize,
        step: usize,
        bias: S::f32s,
    ) {
        let inputs = self.subsets.channels();
        let maps = &S::as_simd_f32s(self.maps).0.as_chunks::<WINDOW>().0[v * inputs..][..inputs];
        let terms = S::as_mut_simd_f32s(self.terms)
            .0
            .as_chunks_mut::<WINDOW>()
            .0;
        terms[0] = [simd.splat_f32s(0.0); WINDOW];
        terms[1..][..inputs].copy_from_slice(maps);
        for (i, &[a, b]) in self.subsets.steps.iter().enumerate() {
            terms[1 + inputs + i] = sum(simd, terms[a as usize], terms[b as usize]);
        }
        let subsets = &self.subsets.subsets;
        let factors = &S::as_simd_f32s(self.factors).0[vector * subsets.len()..];
        let places = S::as_mut_simd_f32s(self.strip).0[first..].chunks_mut(step);
        for ((&[a, b], to), &factor) in subsets.iter().zip(places).zip(factors) {
            let sums = sum(simd, terms[a as usize], terms[b as usize]);
            let best = simd.add_f32s(largest(simd, sums), bias);
            to[0] = simd.mul_f32s(keep_where_positive(simd, best, best), factor);
        }
    }

    /// Puts a finished row of a panel `width` channels wide where it belongs.
    #[inline(always)]
    fn put_row(&mut self, row: usize, channel: usize, width: usize) {
        let used = width.min(self.channels - channel);
        let image = self.rows * self.columns * self.channels;
        let strips = self.strip.chunks_exact(self.columns * width);
        for (out, strip) in self.out.chunks_exact_mut(image).zip(strips) {
            let to = out[row * self.columns * self.channels..].chunks_exact_mut(self.channels);
            for (to, from) in to.zip(strip.chunks_exact(width)) {
                to[channel..][..used].copy_from_slice(&from[..used]);
            }
        }
    }
}

/// Plain indices, as in [`accumulate`].
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn sum<S: Lanes>(simd: S, a: [S::f32s; WINDOW], b: [S::f32s; WINDOW]) -> [S::f32s; WINDOW] {
    let mut sum = a;
    for i in 0..WINDOW {
        sum[i] = simd.add_f32s(a[i], b[i]);
    }
    sum
}

/// The largest per lane; NaN if one is.
#[inline(always)]
fn largest<S: Lanes>(simd: S, candidates: [S::f32s; WINDOW]) -> S::f32s {
    let mut best = candidates[0];
    for candidate in candidates {
        let number = simd.equal_f32s(best, best);
        let not_above = simd.less_than_or_equal_f32s(candidate, best);
        let keep = simd.or_m32s(not_above, simd.not_m32s(number));
        best = simd.select_f32s(keep, best, candidate);
    }
    best
}
