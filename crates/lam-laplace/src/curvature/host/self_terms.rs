//! `C[k,b]`: what the pairs of a sample contribute through that sample alone.

use pulp::Arch;
use rayon::prelude::*;

use crate::unit::SMALLEST_NORM;

/// Multiplications that are worth a second thread.
const TASK: usize = 1 << 16;

/// Directions and inverse lengths of a batch of embeddings.
pub(super) struct Directions {
    /// `u_bk` at `[k * batch + b]`.
    pub(super) units: Vec<f32>,
    /// `1/r_b`, 0 for an embedding without direction.
    pub(super) inverse_norms: Vec<f32>,
    pub(super) batch: usize,
    pub(super) outputs: usize,
}

impl Directions {
    /// Of row-major embeddings `[batch, outputs]`.
    pub(super) fn of(embeddings: &[f32], batch: usize, outputs: usize) -> Self {
        let mut units = vec![0.0; batch * outputs];
        let mut inverse_norms = vec![0.0; batch];
        for (b, z) in embeddings.chunks_exact(outputs).enumerate() {
            let norm = z.iter().map(|v| v * v).sum::<f32>().sqrt();
            let guarded = norm.max(SMALLEST_NORM as f32);
            for (k, v) in z.iter().enumerate() {
                units[k * batch + b] = v / guarded;
            }
            if norm >= SMALLEST_NORM as f32 {
                inverse_norms[b] = norm.recip();
            }
        }
        Self {
            units,
            inverse_norms,
            batch,
            outputs,
        }
    }

    /// `u_·k` of all samples.
    pub(super) fn output(&self, k: usize) -> &[f32] {
        &self.units[k * self.batch..][..self.batch]
    }
}

/// The self terms `C`, `[D, B]`; the formulas are those of `linear_head`.
pub(super) struct SelfTerms {
    values: Vec<f32>,
    batch: usize,
}

impl SelfTerms {
    /// Of the contrastive loss: `n_b (1 − u_bk²) / r_b²`, `touching` being `n`.
    pub(super) fn contrastive(directions: &Directions, touching: &[f32]) -> Self {
        let values = (0..directions.outputs)
            .flat_map(|k| {
                directions
                    .output(k)
                    .iter()
                    .zip(&directions.inverse_norms)
                    .zip(touching)
                    .map(|((u, inverse), n)| n * (1.0 - u * u) * inverse * inverse)
            })
            .collect();
        Self {
            values,
            batch: directions.batch,
        }
    }

    /// Of the arccos loss: `[s_b (1 − 3u_bk²) + 2u_bk V_bk] / r_b²` with `V = N u`, `s_b = u_b·V_b`.
    pub(super) fn arccos(directions: &Directions, both_ways: &[f32], arch: Arch) -> Self {
        // N is symmetric: weighted sums of its rows are its products with a vector.
        let mut terms: Vec<Vec<f32>> = (0..directions.outputs)
            .into_par_iter()
            .with_min_len(TASK.div_ceil(both_ways.len().max(1)))
            .map(|k| arch.dispatch(|| weighted_rows(both_ways, directions.output(k))))
            .collect();
        let mut cosines = vec![0.0; directions.batch];
        for (k, pull) in terms.iter().enumerate() {
            for ((sum, u), v) in cosines.iter_mut().zip(directions.output(k)).zip(pull) {
                *sum += u * v;
            }
        }
        for (k, terms) in terms.iter_mut().enumerate() {
            for (((term, u), inverse), cosine) in terms
                .iter_mut()
                .zip(directions.output(k))
                .zip(&directions.inverse_norms)
                .zip(&cosines)
            {
                *term = (cosine * (1.0 - 3.0 * u * u) + 2.0 * u * *term) * inverse * inverse;
            }
        }
        Self {
            values: terms.concat(),
            batch: directions.batch,
        }
    }

    /// `C[k,·]`, one number per sample.
    pub(super) fn output(&self, k: usize) -> &[f32] {
        &self.values[k * self.batch..][..self.batch]
    }

    /// Embedding size `D`.
    pub(super) fn outputs(&self) -> usize {
        self.values.len() / self.batch.max(1)
    }
}

/// `Σ_a weights[a] · matrix[a,·]`, four rows at a time.
#[inline(always)]
fn weighted_rows(matrix: &[f32], weights: &[f32]) -> Vec<f32> {
    let columns = weights.len();
    let mut sums = vec![0.0; columns];
    let rows = matrix.chunks_exact(4 * columns.max(1));
    let (weights_of_four, rest_weights) = weights.as_chunks::<4>();
    let rest = rows.remainder();
    for (rows, w) in rows.zip(weights_of_four) {
        let (first, second) = rows.split_at(2 * columns);
        let (row_0, row_1) = first.split_at(columns);
        let (row_2, row_3) = second.split_at(columns);
        for ((((sum, a), b), c), d) in sums.iter_mut().zip(row_0).zip(row_1).zip(row_2).zip(row_3) {
            *sum += (a * w[0] + b * w[1]) + (c * w[2] + d * w[3]);
        }
    }
    for (row, w) in rest.chunks_exact(columns.max(1)).zip(rest_weights) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value * w;
        }
    }
    sums
}
