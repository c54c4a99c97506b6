//! Winograd's minimal filtering F(2×2, 3×3) under a 2×2 pool: 16 products instead of 36 for the four sums of a window.
//!
//! A window of the pool is the output `Y` of a 4×4 patch `d` of the input. With `D = Bᵀ d B` per input channel and `U = G g Gᵀ`
//! per pair of channels, `Y = Aᵀ [Σ_i U_i ∘ D_i] A` (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016):
//! a matrix product over channels for each of the 16 places.
//!
//! The numbers in `B` and `A` are 0 and ±1: where a patch is constant, as a picture's background is, all of `D` but one place is
//! exactly zero and the four sums are equal to the last bit, as those of the direct kernel are.

use rayon::prelude::*;

use crate::Conv2d;
use crate::forward::View;
use crate::groups::even_pieces;
use crate::level::{Kernel, Lanes};
use crate::pack::{ByPanels, Order, PANEL, Packed, by_panels};
use crate::pooled_rows::PooledRows;
use crate::scratch::Scratch;
use crate::tile::{Reads, accumulate, load_bias, max_count, with_count};

/// Places of a transformed patch.
const PLACES: usize = 16;

/// The place that all four sums have with the factor 1: where a bias goes in.
const BIAS_PLACE: usize = 5;

/// Patches transformed at a time: they, a panel's weights and its products stay in the second-level cache, and the weights are
/// fetched from there often enough to be used well.
const MAX_PATCHES: usize = 24;

/// Fewer input channels are not worth their transforms.
const MIN_CHANNELS: usize = 16;

/// Transformed weights `G g Gᵀ` of every pair of channels, by panel, then place, then input channel.
pub(crate) struct Winograd(Packed);

impl Winograd {
    /// Does the layer have fewer products this way, and whole vectors of input channels?
    pub fn suits(conv: &Conv2d) -> bool {
        conv.kernel == [3, 3]
            && conv.stride == [1, 1]
            && conv.cin >= MIN_CHANNELS
            && conv.cin.is_multiple_of(conv.level.lanes())
    }

    /// Transforms a weight `[Cout, Cin, 3, 3]`.
    pub fn of(conv: &Conv2d, weight: &[f32]) -> Self {
        let pairs = conv.cin * conv.cout;
        let mut places = Scratch::unspecified(PLACES * pairs);
        let filters = weight.as_chunks::<9>().0;
        places
            .par_chunks_exact_mut(4 * pairs)
            .enumerate()
            .for_each(|(i, row)| {
                for (pair, g) in filters.iter().enumerate() {
                    let column = |j: usize| filter_row(i, g[j], g[3 + j], g[6 + j]);
                    let [a, b, c] = [column(0), column(1), column(2)];
                    for j in 0..4 {
                        row[j * pairs + pair] = filter_row(j, a, b, c);
                    }
                }
            });
        let order = Order {
            taps: (0..PLACES).map(|place| place * pairs).collect(),
            inner: conv.cin,
            inner_step: 1,
            channels: conv.cout,
            channel_step: conv.cin,
        };
        Self(order.pack(&places, conv.level.lanes()))
    }

    /// The pass over one image, padded.
    pub fn run(
        &self,
        conv: &Conv2d,
        view: &View,
        x: &[f32],
        bias: Option<&[f32]>,
        pooled: PooledRows,
    ) {
        let block_rows = (MAX_PATCHES / pooled.columns).clamp(1, pooled.rows);
        let patches = block_rows * pooled.columns;
        let mut transformed = Scratch::unspecified(PLACES * patches * conv.cin);
        let mut products = Scratch::unspecified(PLACES * patches * PANEL * conv.level.lanes());
        conv.level.run(WinogradReluPool {
            view,
            x,
            cin: conv.cin,
            weights: &self.0,
            bias,
            block_rows,
            block: (0, 0),
            transformed: &mut transformed,
            products: &mut products,
            pooled,
        });
    }
}

/// Number `i` of `G (a, b, c)`.
#[inline(always)]
fn filter_row(i: usize, a: f32, b: f32, c: f32) -> f32 {
    match i {
        0 => a,
        1 => 0.5 * (a + b + c),
        2 => 0.5 * (a - b + c),
        _ => c,
    }
}

/// `Bᵀ` times four numbers.
#[inline(always)]
fn patch_row<S: Lanes>(simd: S, d: [S::f32s; 4]) -> [S::f32s; 4] {
    [
        simd.sub_f32s(d[0], d[2]),
        simd.add_f32s(d[1], d[2]),
        simd.sub_f32s(d[2], d[1]),
        simd.sub_f32s(d[1], d[3]),
    ]
}

/// `Aᵀ` times four numbers.
#[inline(always)]
fn sum_row<S: Lanes>(simd: S, m: [S::f32s; 4]) -> [S::f32s; 2] {
    [
        simd.add_f32s(simd.add_f32s(m[0], m[1]), m[2]),
        simd.sub_f32s(simd.sub_f32s(m[1], m[2]), m[3]),
    ]
}

/// `R M Rᵀ` for the four by four numbers `M[y][x]`; `row` is a product with `R`.
///
/// Plain indices, as in [`accumulate`].
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn both_ways<S: Lanes, const N: usize>(
    simd: S,
    number: impl Fn(usize, usize) -> S::f32s,
    row: impl Fn(S, [S::f32s; 4]) -> [S::f32s; N],
) -> [[S::f32s; N]; N] {
    let zero = simd.splat_f32s(0.0);
    let mut half = [[zero; 4]; N];
    for x in 0..4 {
        let column = [number(0, x), number(1, x), number(2, x), number(3, x)];
        let column = row(simd, column);
        for y in 0..N {
            half[y][x] = column[y];
        }
    }
    let mut whole = [[zero; N]; N];
    for y in 0..N {
        whole[y] = row(simd, half[y]);
    }
    whole
}

/// One image's part.
struct WinogradReluPool<'a> {
    view: &'a View,
    /// The padded image.
    x: &'a [f32],
    cin: usize,
    weights: &'a Packed,
    bias: Option<&'a [f32]>,
    /// Rows of the pooled map that are worked on together, at most.
    block_rows: usize,
    /// Those at work: the first and their number.
    block: (usize, usize),
    /// The block's patches, `[PLACES, patches, Cin]`.
    transformed: &'a mut [f32],
    /// Their products with a panel of weights, `[PLACES, patches, panel]`.
    products: &'a mut [f32],
    pooled: PooledRows<'a>,
}

impl Kernel for WinogradReluPool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        for block in even_pieces(self.pooled.rows, self.block_rows) {
            self.block = block;
            self.transform(simd);
            by_panels(simd, self.weights, &mut self);
        }
    }
}

impl WinogradReluPool<'_> {
    fn patches(&self) -> usize {
        self.block.1 * self.pooled.columns
    }

    /// Every patch of the block, channel by channel.
    #[inline(always)]
    fn transform<S: Lanes>(&mut self, simd: S) {
        let (first_row, rows) = self.block;
        let columns = self.pooled.columns;
        let vectors = self.cin / S::F32_LANES;
        let place = rows * columns * vectors;
        let out = &mut S::as_mut_simd_f32s(self.transformed).0[..PLACES * place];
        for row in 0..rows {
            for column in 0..columns {
                let first = 2 * (first_row + row) * self.view.row + 2 * column * self.cin;
                let patch: [&[S::f32s]; 4] = std::array::from_fn(|y| {
                    S::as_simd_f32s(&self.x[first + y * self.view.row..][..4 * self.cin]).0
                });
                for v in 0..vectors {
                    let number = |y: usize, x: usize| patch[y][x * vectors + v];
                    let numbers = both_ways(simd, number, patch_row);
                    let at = (row * columns + column) * vectors + v;
                    for (i, number) in numbers.as_flattened().iter().enumerate() {
                        out[i * place + at] = *number;
                    }
                }
            }
        }
    }
}

impl ByPanels for WinogradReluPool<'_> {
    #[inline(always)]
    fn panel<S: Lanes, const V: usize>(
        &mut self,
        simd: S,
        channel: usize,
        weights: &[[S::f32s; V]],
    ) {
        let patches = self.patches();
        let bias = load_bias::<S, V>(simd, self.bias, channel);
        let products = S::as_mut_simd_f32s(self.products).0.as_chunks_mut::<V>().0;
        let products = &mut products[..PLACES * patches];
        for place in 0..PLACES {
            let start = if place == BIAS_PLACE {
                bias
            } else {
                [simd.splat_f32s(0.0); V]
            };
            let reads = Reads {
                x: &self.transformed[place * patches * self.cin..][..patches * self.cin],
                step: self.cin,
                runs: &[0],
                run: self.cin,
            };
            let weights = &weights[place * self.cin..][..self.cin];
            for (patch, count) in even_pieces(patches, max_count::<S>()) {
                let out = &mut products[place * patches + patch..][..count];
                with_count!(S, count, P => {
                    let mut sums = [[start; P]];
                    accumulate::<S, 1, P, V>(simd, reads, [patch * self.cin], weights, &mut sums);
                    out.copy_from_slice(&sums[0]);
                });
            }
        }
        let (first_row, rows) = self.block;
        for row in 0..rows {
            for column in 0..self.pooled.columns {
                let patch = row * self.pooled.columns + column;
                let mut candidates = [[simd.splat_f32s(0.0); V]; 4];
                for v in 0..V {
                    let number = |y: usize, x: usize| products[(4 * y + x) * patches + patch][v];
                    let sums = both_ways(simd, number, sum_row);
                    for (candidate, sum) in candidates.iter_mut().zip(sums.as_flattened()) {
                        candidate[v] = *sum;
                    }
                }
                self.pooled.pool(simd, column, candidates);
            }
            self.pooled
                .put_row(first_row + row, channel, V * S::F32_LANES);
        }
    }
}
