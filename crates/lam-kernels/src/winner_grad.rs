//! The gradients of one image, walking over its winners.

use crate::groups::even_pieces;
use crate::level::{Kernel, Lanes};
use crate::winners::{Buffers, Windows, Winner, lists};

/// Adds each channel's gradients up.
pub(crate) struct BiasGrad<'a> {
    pub buffers: &'a Buffers,
    pub channels: usize,
    pub sums: &'a mut [f32],
}

impl Kernel for BiasGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, _: S) {
        const PARTS: usize = 8;
        let Buffers { winners, ends, .. } = self.buffers;
        for (channel, list) in lists(winners, ends, self.channels) {
            // Several sums, as one would wait for each addition.
            let mut parts = [0.0; PARTS];
            let (chunks, rest) = list.as_chunks::<PARTS>();
            for chunk in chunks {
                for (part, winner) in parts.iter_mut().zip(chunk) {
                    *part += winner.grad;
                }
            }
            let rest: f32 = rest.iter().map(|winner| winner.grad).sum();
            self.sums[channel] += parts.iter().sum::<f32>() + rest;
        }
    }
}

/// Vectors of a run that a block takes, beside up to three runs: 18 of 32 registers, 12 of 16.
const fn max_vectors<S: Lanes>() -> usize {
    if S::REGISTER_COUNT >= 32 { 6 } else { 4 }
}

/// Calls the body with the number of runs and vectors of a block as constants.
macro_rules! with_block {
    ($simd:ty, $runs:expr, $vectors:expr, ($R:ident, $V:ident) => $body:expr) => {
        match $runs {
            1 => { const $R: usize = 1; with_block!(@ $simd, $vectors, $V => $body) }
            2 => { const $R: usize = 2; with_block!(@ $simd, $vectors, $V => $body) }
            _ => { const $R: usize = 3; with_block!(@ $simd, $vectors, $V => $body) }
        }
    };
    (@ $simd:ty, $vectors:expr, $V:ident => $body:expr) => {
        match $vectors {
            1 => { const $V: usize = 1; $body }
            2 => { const $V: usize = 2; $body }
            3 => { const $V: usize = 3; $body }
            4 => { const $V: usize = 4; $body }
            5 if <$simd>::REGISTER_COUNT >= 32 => { const $V: usize = 5; $body }
            6 if <$simd>::REGISTER_COUNT >= 32 => { const $V: usize = 6; $body }
            _ => unreachable!("blocks are cut to fit the registers"),
        }
    };
}

/// A part of a convolution window that fits the registers.
#[derive(Clone, Copy)]
struct Block {
    /// Where it starts in a window of the padded image.
    offset: usize,
    /// From one of its runs to the next, there.
    row: usize,
    /// Where it starts in a channel's window of weights, in vectors.
    weight: usize,
    /// From one of its runs to the next, there.
    weight_row: usize,
}

impl Windows {
    /// Cuts a window into blocks: each with its runs and vectors.
    #[inline(always)]
    fn blocks<S: Lanes>(&self) -> impl Iterator<Item = (Block, usize, usize)> {
        let weight_row = self.run / S::F32_LANES;
        even_pieces(self.view.runs.len(), 3).flat_map(move |(run, runs)| {
            even_pieces(weight_row, max_vectors::<S>()).map(move |(vector, vectors)| {
                let block = Block {
                    offset: run * self.view.row + vector * S::F32_LANES,
                    row: self.view.row,
                    weight: run * weight_row + vector,
                    weight_row,
                };
                (block, runs, vectors)
            })
        })
    }
}

/// One image's part in the weight gradient.
pub(crate) struct WeightGrad<'a> {
    pub windows: &'a Windows,
    pub winners: &'a [Winner],
    pub ends: &'a [u32],
    pub channels: usize,
    /// The padded image, readable by whole vectors.
    pub x: &'a [f32],
    /// `[Cout, Kh, run]`.
    pub sums: &'a mut [f32],
}

impl Kernel for WeightGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let window = self.windows.window_len();
        for (channel, list) in lists(self.winners, self.ends, self.channels) {
            let sums = S::as_mut_simd_f32s(&mut self.sums[channel * window..][..window]).0;
            for (block, runs, vectors) in self.windows.blocks::<S>() {
                with_block!(S, runs, vectors, (R, V) => {
                    weight_block::<S, R, V>(simd, block, list, self.x, sums)
                });
            }
        }
    }
}

#[inline(always)]
fn weight_block<S: Lanes, const R: usize, const V: usize>(
    simd: S,
    block: Block,
    list: &[Winner],
    x: &[f32],
    sums: &mut [S::f32s],
) {
    let mut kept = [[simd.splat_f32s(0.0); V]; R];
    for (r, kept) in kept.iter_mut().enumerate() {
        kept.copy_from_slice(&sums[block.weight + r * block.weight_row..][..V]);
    }
    for winner in list {
        let grad = simd.splat_f32s(winner.grad);
        let x = &x[winner.offset as usize + block.offset..];
        for r in 0..R {
            let x = S::as_simd_f32s(&x[r * block.row..][..V * S::F32_LANES]).0;
            for v in 0..V {
                kept[r][v] = simd.multiply_add(grad, x[v], kept[r][v]);
            }
        }
    }
    for (r, kept) in kept.iter().enumerate() {
        sums[block.weight + r * block.weight_row..][..V].copy_from_slice(kept);
    }
}

/// One image's input gradient.
pub(crate) struct InputGrad<'a> {
    pub windows: &'a Windows,
    pub winners: &'a [Winner],
    pub ends: &'a [u32],
    pub channels: usize,
    /// `[Cout, Kh, run]`.
    pub weights: &'a [f32],
    /// Of the padded image, writable by whole vectors.
    pub dx: &'a mut [f32],
}

impl Kernel for InputGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let window = self.windows.window_len();
        for (channel, list) in lists(self.winners, self.ends, self.channels) {
            let weights = S::as_simd_f32s(&self.weights[channel * window..][..window]).0;
            for (block, runs, vectors) in self.windows.blocks::<S>() {
                with_block!(S, runs, vectors, (R, V) => {
                    input_block::<S, R, V>(simd, block, list, weights, self.dx)
                });
            }
        }
    }
}

#[inline(always)]
fn input_block<S: Lanes, const R: usize, const V: usize>(
    simd: S,
    block: Block,
    list: &[Winner],
    weights: &[S::f32s],
    dx: &mut [f32],
) {
    let mut kept = [[simd.splat_f32s(0.0); V]; R];
    for (r, kept) in kept.iter_mut().enumerate() {
        kept.copy_from_slice(&weights[block.weight + r * block.weight_row..][..V]);
    }
    for winner in list {
        let grad = simd.splat_f32s(winner.grad);
        let dx = &mut dx[winner.offset as usize + block.offset..];
        for r in 0..R {
            let dx = S::as_mut_simd_f32s(&mut dx[r * block.row..][..V * S::F32_LANES]).0;
            for v in 0..V {
                dx[v] = simd.multiply_add(grad, kept[r][v], dx[v]);
            }
        }
    }
}
