//! One image through one set of packed weights: the dense kernel of the forward pass and of the input
//! gradient.

use crate::groups::even_pieces;
use crate::level::{Kernel, Lanes, keep_where_positive};
use crate::pack::{ByPanels, Packed, by_panels};
use crate::tile::{Reads, accumulate, load_bias, max_count, with_count};

/// What happens to a sum before it is stored.
#[derive(Clone, Copy)]
pub(crate) enum Finish<'a> {
    /// Nothing.
    Store,
    /// Zero unless above zero.
    Relu,
    /// Zero unless this other image, of the same shape as the output, is above zero.
    Mask(&'a [f32]),
}

/// Output pixel `(row, column)` goes to `first + row * row_step + column * step`.
#[derive(Clone, Copy)]
pub(crate) struct Places {
    pub rows: usize,
    pub columns: usize,
    pub first: usize,
    pub row_step: usize,
    pub step: usize,
    pub channels: usize,
}

/// The pass over one image.
pub(crate) struct Correlate<'a> {
    pub reads: Reads<'a>,
    /// From the windows of an output row to those of the next, in the image.
    pub window_rows: usize,
    /// Where the first window starts.
    pub window_first: usize,
    pub weights: &'a Packed,
    pub bias: Option<&'a [f32]>,
    pub finish: Finish<'a>,
    pub places: Places,
    pub out: &'a mut [f32],
}

impl Kernel for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        by_panels(simd, self.weights, &mut self);
    }
}

impl ByPanels for Correlate<'_> {
    /// All pixels of up to `V` vectors of channels; the panel stays in the first-level cache.
    #[inline(always)]
    fn panel<S: Lanes, const V: usize>(
        &mut self,
        simd: S,
        channel: usize,
        weights: &[[S::f32s; V]],
    ) {
        let bias = load_bias::<S, V>(simd, self.bias, channel);
        for row in 0..self.places.rows {
            for (column, pixels) in even_pieces(self.places.columns, max_count::<S>()) {
                with_count!(S, pixels, P => {
                    self.tile::<S, P, V>(simd, row, column, channel, bias, weights)
                });
            }
        }
    }
}

impl Correlate<'_> {
    #[inline(always)]
    fn tile<S: Lanes, const P: usize, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        channel: usize,
        bias: [S::f32s; V],
        weights: &[[S::f32s; V]],
    ) {
        let mut sums = [[bias; P]];
        let first = self.window_first + row * self.window_rows + column * self.reads.step;
        accumulate::<S, 1, P, V>(simd, self.reads, [first], weights, &mut sums);
        let Places {
            first,
            row_step,
            step,
            channels,
            ..
        } = self.places;
        let width = (channels - channel).min(V * S::F32_LANES);
        for (p, vectors) in sums[0].iter().enumerate() {
            let place = first + row * row_step + (column + p) * step + channel;
            let out = &mut self.out[place..][..width];
            let mut vectors = *vectors;
            match self.finish {
                Finish::Store => {}
                Finish::Relu => {
                    for vector in &mut vectors {
                        *vector = keep_where_positive(simd, *vector, *vector);
                    }
                }
                Finish::Mask(mask) => {
                    let mask = &mask[place..][..width];
                    for (v, vector) in vectors.iter_mut().enumerate() {
                        let rest = mask.get(v * S::F32_LANES..).unwrap_or(&[]);
                        let sign = simd.partial_load_f32s(&rest[..rest.len().min(S::F32_LANES)]);
                        *vector = keep_where_positive(simd, sign, *vector);
                    }
                }
            }
            store(simd, out, vectors);
        }
    }
}

/// Stores as much of the vectors as fits.
#[inline(always)]
pub(crate) fn store<S: Lanes, const V: usize>(simd: S, out: &mut [f32], vectors: [S::f32s; V]) {
    let (whole, rest) = S::as_mut_simd_f32s(out);
    for (to, from) in whole.iter_mut().zip(vectors) {
        *to = from;
    }
    if !rest.is_empty()
        && let Some(&last) = vectors.get(whole.len())
    {
        simd.partial_store_f32s(rest, last);
    }
}
