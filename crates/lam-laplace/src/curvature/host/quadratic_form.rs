//! `x_jᵀ T_k x_j` for every feature `j` and output `k`, with the triangular `T_k` of [`Blocks`].

use pulp::{Arch, Simd, WithSimd, bytemuck};
use rayon::prelude::*;

use super::blocks::{Blocks, TILE};
use super::self_terms::SelfTerms;

/// Features that one task handles.
const COLUMNS: usize = 192;
/// Bytes of triangular matrices that are used together, so that they stay in the second-level cache.
const MATRIX_BYTES: usize = 1 << 20;

/// Weight part `[D, F]` and bias part `[D]` for row-major features `[B, F]`.
pub(super) fn quadratic_forms(
    blocks: &Blocks,
    terms: &SelfTerms,
    features: &[f32],
    size: usize,
    arch: Arch,
) -> (Vec<f32>, Vec<f32>) {
    let outputs = terms.outputs();
    let mut weight = vec![0.0; outputs * size];
    let mut bias = vec![0.0; outputs];
    if blocks.entries() == 0 {
        return (weight, bias);
    }
    let at_once = (MATRIX_BYTES / (blocks.entries() * size_of::<f32>())).clamp(1, outputs.max(1));
    let starts: Vec<usize> = (0..size).step_by(COLUMNS).collect();
    for first in (0..outputs).step_by(at_once) {
        let count = at_once.min(outputs - first);
        let mut matrices = vec![0.0; count * blocks.entries()];
        matrices
            .par_chunks_exact_mut(blocks.entries())
            .zip(&mut bias[first..first + count])
            .enumerate()
            .for_each(|(k, (matrix, bias))| {
                let self_terms = terms.output(first + k);
                arch.dispatch(|| blocks.fill_output(first + k, self_terms, matrix));
                *bias = matrix.iter().map(|&v| f64::from(v)).sum::<f64>() as f32;
            });
        let parts: Vec<Vec<f32>> = starts
            .par_iter()
            .map(|&start| {
                arch.dispatch(Columns {
                    blocks,
                    matrices: &matrices,
                    features,
                    size,
                    start,
                    width: COLUMNS.min(size - start),
                })
            })
            .collect();
        for (&start, part) in starts.iter().zip(&parts) {
            let width = COLUMNS.min(size - start);
            for (k, row) in part.chunks_exact(width).enumerate() {
                weight[(first + k) * size + start..][..width].copy_from_slice(row);
            }
        }
    }
    (weight, bias)
}

/// The forms of the features `start .. start + width`, `[k * width + j]`.
struct Columns<'a> {
    blocks: &'a Blocks,
    matrices: &'a [f32],
    features: &'a [f32],
    size: usize,
    start: usize,
    width: usize,
}

impl WithSimd for Columns<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        // A tile's sums take TILE × VECTORS registers; the rest holds a row of features and one broadcast.
        if S::REGISTER_COUNT >= 32 {
            self.run::<S, 3>(simd)
        } else {
            self.run::<S, 1>(simd)
        }
    }
}

impl Columns<'_> {
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize>(self, simd: S) -> Vec<f32> {
        let panel_width = VECTORS * S::F32_LANES;
        let outputs = self.matrices.len() / self.blocks.entries();
        let mut out = vec![0.0; outputs * self.width];
        let mut panel = vec![simd.splat_f32s(0.0); VECTORS * self.blocks.height()];
        for from in (0..self.width).step_by(panel_width) {
            let width = panel_width.min(self.width - from);
            self.copy_features(from, width, bytemuck::cast_slice_mut(&mut panel));
            for (k, matrix) in self
                .matrices
                .chunks_exact(self.blocks.entries())
                .enumerate()
            {
                let sums = forms::<S, VECTORS>(simd, self.blocks, matrix, panel.as_chunks().0);
                let sums: &[f32] = bytemuck::cast_slice(&sums[..]);
                out[k * self.width + from..][..width].copy_from_slice(&sums[..width]);
            }
        }
        out
    }

    /// Gathers some features of every sample, rows in the blocks' order; padding rows stay 0, and what a narrower last
    /// panel leaves to its right is not read.
    #[inline(always)]
    fn copy_features(&self, from: usize, width: usize, panel: &mut [f32]) {
        let panel_width = panel.len() / self.blocks.height();
        for (row, sample) in self.blocks.samples() {
            let x = &self.features[sample * self.size + self.start + from..][..width];
            panel[row * panel_width..][..width].copy_from_slice(x);
        }
    }
}

/// `Σ_a x_a Σ_b T[a,b] x_b` for the features of one panel.
#[inline(always)]
fn forms<S: Simd, const VECTORS: usize>(
    simd: S,
    blocks: &Blocks,
    matrix: &[f32],
    panel: &[[S::f32s; VECTORS]],
) -> [S::f32s; VECTORS] {
    let mut total = [simd.splat_f32s(0.0); VECTORS];
    for tile in &blocks.tiles {
        let columns = tile.columns();
        let entries = &matrix[tile.offset..tile.offset + columns * TILE];
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; TILE];
        for (column, x) in entries
            .as_chunks::<TILE>()
            .0
            .iter()
            .zip(&panel[tile.block..])
        {
            for r in 0..TILE {
                let entry = simd.splat_f32s(column[r]);
                for v in 0..VECTORS {
                    sums[r][v] = simd.mul_add_e_f32s(entry, x[v], sums[r][v]);
                }
            }
        }
        for (sums, x) in sums.iter().zip(&panel[tile.row..]) {
            for v in 0..VECTORS {
                total[v] = simd.mul_add_e_f32s(sums[v], x[v], total[v]);
            }
        }
    }
    total
}
