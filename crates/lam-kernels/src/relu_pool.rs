//! Convolution, ReLU and 2×2 max-pool as one: the map before the pool never exists outside the registers.

use rayon::prelude::*;

use crate::error::check_len;
use crate::forward::View;
use crate::groups::even_pieces;
use crate::level::{Kernel, Lanes};
use crate::pack::{ByPanels, PANEL, Packed, by_panels};
use crate::pooled_rows::PooledRows;
use crate::scratch::Scratch;
use crate::tile::{accumulate, load_bias};
use crate::winograd::Winograd;
use crate::{Conv2d, Images, KernelError, Layout};

/// Where the pooled map goes.
pub struct PooledOutput<'a> {
    /// Order of `values`.
    pub layout: Layout,
    /// The pooled map: `[N, Cout, PH, PW]` or `[N, PH, PW, Cout]`, by the layout.
    pub values: &'a mut [f32],
    /// For the backward pass, `[N, Cout, PH, PW]` whatever the layout: which of the window's four positions
    /// won (row by row, 0 to 3, the first of equals), or [`DEAD`](crate::DEAD).
    pub winners: Option<&'a mut [u8]>,
}

impl Conv2d {
    /// Convolution, ReLU, and 2×2 max-pool of stride 2 (an odd last row or column is left out): `x`
    /// `[N, H, W, Cin]`, `weight` `[Cout, Cin, Kh, Kw]`, `bias` `[Cout]`.
    ///
    /// NaN in a window wins over numbers and comes out. A 3×3 kernel of stride 1 over many channels is computed with fewer products
    /// (Winograd); then infinity comes out as NaN.
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
        let weights = if Winograd::suits(self) {
            Weights::Winograd(Winograd::of(self, weight))
        } else {
            Weights::Direct(self.forward_order().pack(weight, self.level.lanes()))
        };
        let view = self.view(input)?;
        let out_image = output.height * output.width * self.cout;
        let image = |x: &[f32], values: &mut [f32], winners: Option<&mut [u8]>| {
            let row = output.width * PANEL * self.level.lanes();
            let mut row_values = Scratch::unspecified(row);
            let mut row_winners = Scratch::unspecified(row);
            let pooled = PooledRows {
                rows: output.height,
                columns: output.width,
                channels: self.cout,
                layout: out.layout,
                values,
                winners,
                row_values: &mut row_values,
                row_winners: &mut row_winners,
            };
            view.with_padded(x, |x| match &weights {
                Weights::Winograd(weights) => weights.run(self, &view, x, bias, pooled),
                Weights::Direct(weights) => self.level.run(ReluPool {
                    view: &view,
                    x,
                    weights,
                    bias,
                    pooled,
                }),
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

/// A weight, packed for the kernel that suits the layer.
enum Weights {
    Direct(Packed),
    Winograd(Winograd),
}

/// One image's part.
struct ReluPool<'a> {
    view: &'a View,
    /// The padded image.
    x: &'a [f32],
    weights: &'a Packed,
    bias: Option<&'a [f32]>,
    pooled: PooledRows<'a>,
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
        for row in 0..self.pooled.rows {
            for (column, pairs) in even_pieces(self.pooled.columns, max_pairs) {
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
            self.pooled.put_row(row, channel, V * S::F32_LANES);
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
        for pair in 0..P / 2 {
            let [left, right] = [2 * pair, 2 * pair + 1];
            let candidates = [sums[0][left], sums[0][right], sums[1][left], sums[1][right]];
            self.pooled.pool(simd, column + pair, candidates);
        }
    }
}
