//! Convolution, ReLU and 2×2 max-pool as one: the map before the pool never exists outside the registers.

use rayon::prelude::*;

use crate::error::check_len;
use crate::forward::View;
use crate::groups::even_pieces;
use crate::level::{Kernel, Lanes};
use crate::pack::{ByPanels, PANEL, Packed, by_panels};
use crate::scratch::Scratch;
use crate::tile::{accumulate, load_bias};
use crate::{Conv2d, Images, KernelError, Layout};

/// The winner of a window in which nothing is above zero: ReLU lets no gradient through.
pub const DEAD: u8 = 4;

/// Where the pooled map goes.
pub struct PooledOutput<'a> {
    /// Order of `values`.
    pub layout: Layout,
    /// The pooled map: `[N, Cout, PH, PW]` or `[N, PH, PW, Cout]`, by the layout.
    pub values: &'a mut [f32],
    /// For the backward pass, `[N, Cout, PH, PW]` whatever the layout: which of the window's four positions
    /// won (row by row, 0 to 3, the first of equals), or [`DEAD`].
    pub winners: Option<&'a mut [u8]>,
}

impl Conv2d {
    /// Convolution, ReLU, and 2×2 max-pool of stride 2 (an odd last row or column is left out): `x`
    /// `[N, H, W, Cin]`, `weight` `[Cout, Cin, Kh, Kw]`, `bias` `[Cout]`.
    ///
    /// NaN in a window wins over numbers and comes out.
    ///
    /// # Errors
    /// If a length does not fit the shapes, or the map is smaller than the pool.
    pub fn forward_relu_pool(
        &self,
        input: Images,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        out: PooledOutput,
    ) -> Result<(), KernelError> {
        self.check(input, Some(x), Some(weight))?;
        let output = self.pooled_output(input)?;
        self.check_bias(bias)?;
        let elements = output.elements(self.cout)?;
        check_len("the pooled output", out.values.len(), elements)?;
        let weights = self.forward_order().pack(weight, self.level.lanes());
        let view = self.view(input)?;
        let out_image = output.height * output.width * self.cout;
        let image = |x: &[f32], values: &mut [f32], winners: Option<&mut [u8]>| {
            let row = output.width * PANEL * self.level.lanes();
            let mut row_values = Scratch::unspecified(row);
            let mut row_winners = Scratch::unspecified(row);
            view.with_padded(x, |x| {
                self.level.run(ReluPool {
                    view: &view,
                    x,
                    weights: &weights,
                    bias,
                    rows: output.height,
                    columns: output.width,
                    channels: self.cout,
                    layout: out.layout,
                    values,
                    winners,
                    row_values: &mut row_values,
                    row_winners: &mut row_winners,
                });
            });
        };
        let images =
            (out.values.par_chunks_exact_mut(out_image)).zip(x.par_chunks_exact(self.image(input)));
        match out.winners {
            Some(winners) => {
                check_len("the winners", winners.len(), elements)?;
                images
                    .zip(winners.par_chunks_exact_mut(out_image))
                    .for_each(|((values, x), winners)| image(x, values, Some(winners)));
            }
            None => images.for_each(|(values, x)| image(x, values, None)),
        }
        Ok(())
    }
}

/// One image's part.
struct ReluPool<'a> {
    view: &'a View,
    /// The padded image.
    x: &'a [f32],
    weights: &'a Packed,
    bias: Option<&'a [f32]>,
    /// Size of the pooled map.
    rows: usize,
    columns: usize,
    channels: usize,
    layout: Layout,
    values: &'a mut [f32],
    winners: Option<&'a mut [u8]>,
    /// One row of the pooled map for one panel of channels, `[columns, panel]`, before it is put in order.
    row_values: &'a mut [f32],
    row_winners: &'a mut [u32],
}

impl Kernel for ReluPool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        by_panels(simd, self.weights, &mut self);
    }
}

impl ByPanels for ReluPool<'_> {
    #[inline(always)]
    fn panel<S: Lanes, const V: usize>(
        &mut self,
        simd: S,
        channel: usize,
        weights: &[[S::f32s; V]],
    ) {
        let bias = load_bias::<S, V>(simd, self.bias, channel);
        // A tile is two rows high, and two vectors wide: as many pairs of columns as there are registers.
        let max_pairs = if S::REGISTER_COUNT >= 32 { 3 } else { 1 };
        for row in 0..self.rows {
            for (column, pairs) in even_pieces(self.columns, max_pairs) {
                match pairs {
                    1 => self.tile::<S, 2, V>(simd, row, column, bias, weights),
                    2 if S::REGISTER_COUNT >= 32 => {
                        self.tile::<S, 4, V>(simd, row, column, bias, weights)
                    }
                    _ if S::REGISTER_COUNT >= 32 => {
                        self.tile::<S, 6, V>(simd, row, column, bias, weights)
                    }
                    _ => unreachable!("tiles are cut to fit the registers"),
                }
            }
            self.put_row(row, channel, V * S::F32_LANES);
        }
    }
}

impl ReluPool<'_> {
    /// `P / 2` pooled pixels from `row, column` on, into the row buffers.
    #[inline(always)]
    fn tile<S: Lanes, const P: usize, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        bias: [S::f32s; V],
        weights: &[[S::f32s; V]],
    ) {
        let view = self.view;
        let mut sums = [[bias; P]; 2];
        let first = 2 * (row * view.window_rows + column * view.step);
        accumulate::<S, 2, P, V>(
            simd,
            view.reads(self.x),
            [first, first + view.window_rows],
            weights,
            &mut sums,
        );
        let zero = simd.splat_f32s(0.0);
        let values = S::as_mut_simd_f32s(self.row_values)
            .0
            .as_chunks_mut::<V>()
            .0;
        let winners = S::as_mut_simd_u32s(self.row_winners)
            .0
            .as_chunks_mut::<V>()
            .0;
        for pair in 0..P / 2 {
            let (values, winners) = (&mut values[column + pair], &mut winners[column + pair]);
            for v in 0..V {
                let candidates = [
                    sums[0][2 * pair][v],
                    sums[0][2 * pair + 1][v],
                    sums[1][2 * pair][v],
                    sums[1][2 * pair + 1][v],
                ];
                let mut best = candidates[0];
                let mut place = simd.splat_u32s(0);
                for (i, candidate) in (0u32..).zip(candidates).skip(1) {
                    // Kept: the first of equals, and the first NaN.
                    let number = simd.equal_f32s(best, best);
                    let not_above = simd.less_than_or_equal_f32s(candidate, best);
                    let keep = simd.or_m32s(not_above, simd.not_m32s(number));
                    best = simd.select_f32s(keep, best, candidate);
                    place = simd.select_u32s(keep, place, simd.splat_u32s(i));
                }
                let dead = simd.less_than_or_equal_f32s(best, zero);
                values[v] = simd.select_f32s(dead, zero, best);
                winners[v] = simd.select_u32s(dead, simd.splat_u32s(DEAD.into()), place);
            }
        }
    }

    /// Puts a finished row of a panel `width` channels wide where it belongs.
    #[inline(always)]
    fn put_row(&mut self, row: usize, channel: usize, width: usize) {
        let used = width.min(self.channels - channel);
        let pixels = self.rows * self.columns;
        let pixel = row * self.columns;
        match self.layout {
            Layout::Nhwc => {
                for (column, from) in self
                    .row_values
                    .chunks_exact(width)
                    .take(self.columns)
                    .enumerate()
                {
                    self.values[(pixel + column) * self.channels + channel..][..used]
                        .copy_from_slice(&from[..used]);
                }
            }
            Layout::Nchw => {
                for lane in 0..used {
                    let to = &mut self.values[(channel + lane) * pixels + pixel..][..self.columns];
                    for (to, from) in to.iter_mut().zip(self.row_values.chunks_exact(width)) {
                        *to = from[lane];
                    }
                }
            }
        }
        if let Some(winners) = &mut self.winners {
            for lane in 0..used {
                let to = &mut winners[(channel + lane) * pixels + pixel..][..self.columns];
                for (to, from) in to.iter_mut().zip(self.row_winners.chunks_exact(width)) {
                    *to = from[lane] as u8;
                }
            }
        }
    }
}
