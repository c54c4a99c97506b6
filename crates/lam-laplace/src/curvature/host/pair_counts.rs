//! Signed counts of pairs, per direction and both directions together.

use super::super::Approximation;

/// Side of the squares in which a matrix is transposed, so that both sides stay in the first-level cache.
const SQUARE: usize = 16;

/// Positives minus negatives, or positives alone.
pub(super) struct SignedCounts {
    /// `S`, `[B, B]`, row = anchor.
    pub(super) one_way: Vec<f32>,
    /// `N = S + Sᵀ`, `[B, B]`.
    pub(super) both_ways: Vec<f32>,
}

impl SignedCounts {
    /// From row-major counts `[batch, batch]`.
    pub(super) fn new(
        positives: &[f32],
        negatives: &[f32],
        batch: usize,
        approximation: Approximation,
    ) -> Self {
        let one_way: Vec<f32> = match approximation {
            Approximation::Pos => positives.to_vec(),
            Approximation::Full | Approximation::Fix => positives
                .iter()
                .zip(negatives)
                .map(|(p, n)| p - n)
                .collect(),
        };
        let mut both_ways = one_way.clone();
        for from in (0..batch).step_by(SQUARE) {
            for to in (0..batch).step_by(SQUARE) {
                for a in from..batch.min(from + SQUARE) {
                    for b in to..batch.min(to + SQUARE) {
                        both_ways[a * batch + b] += one_way[b * batch + a];
                    }
                }
            }
        }
        Self { one_way, both_ways }
    }
}
