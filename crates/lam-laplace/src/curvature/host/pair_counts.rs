//! Signed counts of pairs, per direction and both directions together.

use rayon::prelude::*;

use super::super::Approximation;

/// Side of the squares in which a matrix is transposed, so that both sides stay in the first-level cache.
const SQUARE: usize = 16;
/// Entries of a matrix that are worth a second thread.
const TASK: usize = 1 << 13;

/// `S`, `[B, B]`, row = anchor: positives minus negatives, or positives alone.
pub(super) struct SignedCounts<'a> {
    positives: &'a [f32],
    negatives: Option<&'a [f32]>,
    batch: usize,
}

impl<'a> SignedCounts<'a> {
    /// From row-major counts `[batch, batch]`.
    pub(super) fn new(
        positives: &'a [f32],
        negatives: &'a [f32],
        batch: usize,
        approximation: Approximation,
    ) -> Self {
        let negatives = match approximation {
            Approximation::Pos => None,
            Approximation::Full | Approximation::Fix => Some(negatives),
        };
        Self {
            positives,
            negatives,
            batch,
        }
    }

    /// `Σ_a S[a,b]`.
    pub(super) fn received(&self) -> Vec<f32> {
        let mut sums = column_sums(self.positives, self.batch);
        if let Some(negatives) = self.negatives {
            let negatives = column_sums(negatives, self.batch);
            for (sum, negative) in sums.iter_mut().zip(&negatives) {
                *sum -= negative;
            }
        }
        sums
    }

    /// `N = S + Sᵀ`, `[B, B]`.
    pub(super) fn both_ways(&self) -> Vec<f32> {
        let positives = self.positives;
        match self.negatives {
            None => symmetric(self.batch, |entry| positives[entry]),
            Some(negatives) => symmetric(self.batch, |entry| positives[entry] - negatives[entry]),
        }
    }
}

/// Sums over the rows of a matrix with `columns` columns.
pub(super) fn column_sums(matrix: &[f32], columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; columns];
    for row in matrix.chunks_exact(columns.max(1)) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums
}

/// `M + Mᵀ` for the square matrix whose entry at `row * side + column` is `value(row * side + column)`.
fn symmetric(side: usize, value: impl Fn(usize) -> f32 + Sync) -> Vec<f32> {
    let mut out = vec![0.0; side * side];
    let strip = (SQUARE * side).max(1);
    out.par_chunks_mut(strip)
        .with_min_len(TASK.div_ceil(strip))
        .enumerate()
        .for_each(|(strip, rows)| {
            for from in (0..side).step_by(SQUARE) {
                for (r, row) in rows.chunks_exact_mut(side).enumerate() {
                    let a = strip * SQUARE + r;
                    let to = side.min(from + SQUARE);
                    for (entry, b) in row[from..to].iter_mut().zip(from..) {
                        *entry = value(a * side + b) + value(b * side + a);
                    }
                }
            }
        });
    out
}
