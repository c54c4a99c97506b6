//! `x_jᵀ T_k x_j` for every feature `j` and output `k`, with the triangular `T_k` of [`PairTiles`].

use pulp::{Arch, Simd, WithSimd, bytemuck};
use rayon::prelude::*;

use super::self_terms::SelfTerms;
use super::tiles::{Column, PairTiles, TILE};

/// Features of a panel with the widest vectors; narrower ones divide it.
const PANEL: usize = 48;
/// Vectors of features in a row of a panel.
const VECTORS: usize = 3;
/// Tasks at most: enough to even out threads of unequal speed, few enough that starting them costs nothing.
const TASKS: usize = 64;
/// Columns of tiles that are worth a second thread.
const FILLED: usize = 1 << 11;
/// Bytes of triangular matrices that are used together. Each number of them serves a whole panel, so the third-level
/// cache is near enough.
const MATRIX_BYTES: usize = 1 << 22;

/// Weight part `[D, F]` and bias part `[D]` for row-major features `[B, F]`.
pub(super) fn quadratic_forms(
    tiles: &PairTiles,
    terms: &SelfTerms,
    features: &[f32],
    size: usize,
    arch: Arch,
) -> (Vec<f32>, Vec<f32>) {
    let outputs = terms.outputs();
    let mut weight = vec![0.0; outputs * size];
    let mut bias = vec![0.0; outputs];
    if tiles.columns() == 0 {
        return (weight, bias);
    }
    let at_once = (MATRIX_BYTES / (tiles.columns() * size_of::<Column>())).clamp(1, outputs.max(1));
    let task_width = PANEL * size.div_ceil(PANEL).div_ceil(TASKS);
    let starts: Vec<usize> = (0..size).step_by(task_width.max(1)).collect();
    for first in (0..outputs).step_by(at_once) {
        let count = at_once.min(outputs - first);
        let mut matrices = vec![[0.0; TILE]; count * tiles.columns()];
        matrices
            .par_chunks_exact_mut(tiles.columns())
            .with_min_len(FILLED.div_ceil(tiles.columns()))
            .zip(&mut bias[first..first + count])
            .enumerate()
            .for_each(|(k, (matrix, bias))| {
                let self_terms = terms.output(first + k);
                *bias = arch.dispatch(|| tiles.fill_output(first + k, self_terms, matrix));
            });
        let parts: Vec<Vec<f32>> = starts
            .par_iter()
            .with_max_len(1)
            .map(|&start| {
                arch.dispatch(Columns {
                    tiles,
                    matrices: &matrices,
                    features,
                    size,
                    start,
                    width: task_width.min(size - start),
                })
            })
            .collect();
        for (&start, part) in starts.iter().zip(&parts) {
            let width = task_width.min(size - start);
            for (k, row) in part.chunks_exact(width).enumerate() {
                weight[(first + k) * size + start..][..width].copy_from_slice(row);
            }
        }
    }
    (weight, bias)
}

/// The forms of the features `start .. start + width`, `[k * width + j]`.
struct Columns<'a> {
    tiles: &'a PairTiles,
    matrices: &'a [Column],
    features: &'a [f32],
    size: usize,
    start: usize,
    width: usize,
}

impl WithSimd for Columns<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        // The sums of some rows of a tile take that many times VECTORS registers; the rest holds a row of features and one broadcast.
        if S::REGISTER_COUNT >= 32 {
            self.run::<S, TILE>(simd)
        } else {
            self.run::<S, { TILE / 2 }>(simd)
        }
    }
}

impl Columns<'_> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize>(self, simd: S) -> Vec<f32> {
        let panel_width = VECTORS * S::F32_LANES;
        let outputs = self.matrices.len() / self.tiles.columns();
        let mut out = vec![0.0; outputs * self.width];
        let mut panel = vec![simd.splat_f32s(0.0); VECTORS * self.tiles.height()];
        for from in (0..self.width).step_by(panel_width) {
            let width = panel_width.min(self.width - from);
            self.copy_features(from, width, bytemuck::cast_slice_mut(&mut panel));
            for (k, matrix) in self.matrices.chunks_exact(self.tiles.columns()).enumerate() {
                let sums = forms::<S, ROWS>(simd, self.tiles, matrix, panel.as_chunks().0);
                let sums: &[f32] = bytemuck::cast_slice(&sums[..]);
                out[k * self.width + from..][..width].copy_from_slice(&sums[..width]);
            }
        }
        out
    }

    /// Gathers some features of every sample, rows in the tiles' order; padding rows stay 0, and what a narrower last
    /// panel leaves to its right is not read.
    #[inline(always)]
    fn copy_features(&self, from: usize, width: usize, panel: &mut [f32]) {
        let panel_width = panel.len() / self.tiles.height();
        for (row, sample) in self.tiles.samples() {
            let x = &self.features[sample * self.size + self.start + from..][..width];
            panel[row * panel_width..][..width].copy_from_slice(x);
        }
    }
}

/// `Σ_a x_a Σ_b T[a,b] x_b` for the features of one panel, `ROWS` rows of a tile at a time.
#[inline(always)]
fn forms<S: Simd, const ROWS: usize>(
    simd: S,
    tiles: &PairTiles,
    matrix: &[Column],
    panel: &[[S::f32s; VECTORS]],
) -> [S::f32s; VECTORS] {
    let mut total = [simd.splat_f32s(0.0); VECTORS];
    for (tile, entries) in tiles.with_entries(matrix) {
        for first in (0..TILE).step_by(ROWS) {
            let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
            for (column, &b) in entries.iter().zip(&tile.columns) {
                let x = &panel[b];
                for r in 0..ROWS {
                    let entry = simd.splat_f32s(column[first + r]);
                    for v in 0..VECTORS {
                        sums[r][v] = simd.mul_add_e_f32s(entry, x[v], sums[r][v]);
                    }
                }
            }
            for (sums, x) in sums.iter().zip(&panel[tile.row + first..]) {
                for v in 0..VECTORS {
                    total[v] = simd.mul_add_e_f32s(sums[v], x[v], total[v]);
                }
            }
        }
    }
    total
}
