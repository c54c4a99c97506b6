//! `Σ_b C[k,b] x[b,j]²`: the whole Hessian diagonal where there are no cross terms.

use pulp::{Arch, Simd, WithSimd, bytemuck};
use rayon::prelude::*;

use super::self_terms::SelfTerms;

/// Features that one task handles: a row's part is a few cache lines in sequence, and the sums of
/// [`OUTPUTS`] outputs stay in the first-level cache.
const COLUMNS: usize = 512;
/// Outputs whose sums are held at once.
const OUTPUTS: usize = 8;
/// Samples taken together, so that a sum is loaded and stored once for all of them.
const SAMPLES: usize = 4;

/// Weight part `[D, F]` and bias part `[D]` for row-major features `[B, F]`.
pub(super) fn weighted_squares(
    terms: &SelfTerms,
    features: &[f32],
    size: usize,
    arch: Arch,
) -> (Vec<f32>, Vec<f32>) {
    let outputs = terms.outputs();
    let tasks: Vec<Sums> = (0..outputs)
        .step_by(OUTPUTS)
        .flat_map(|first| {
            (0..size).step_by(COLUMNS).map(move |start| Sums {
                terms,
                features,
                size,
                first,
                start,
            })
        })
        .collect();
    let parts: Vec<Vec<f32>> = tasks.par_iter().map(|&task| arch.dispatch(task)).collect();

    let mut weight = vec![0.0; outputs * size];
    for (task, part) in tasks.iter().zip(&parts) {
        let width = task.width();
        for (k, row) in part.chunks_exact(part.len() / task.outputs()).enumerate() {
            weight[(task.first + k) * size + task.start..][..width].copy_from_slice(&row[..width]);
        }
    }
    let bias = (0..outputs).map(|k| terms.output(k).iter().sum()).collect();
    (weight, bias)
}

/// The sums of some outputs for some features.
#[derive(Clone, Copy)]
struct Sums<'a> {
    terms: &'a SelfTerms,
    features: &'a [f32],
    size: usize,
    /// First output.
    first: usize,
    /// First feature.
    start: usize,
}

impl Sums<'_> {
    fn width(&self) -> usize {
        COLUMNS.min(self.size - self.start)
    }

    fn outputs(&self) -> usize {
        OUTPUTS.min(self.terms.outputs() - self.first)
    }
}

impl WithSimd for Sums<'_> {
    /// One row per output, each padded to whole vectors.
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let width = self.width();
        let vectors = width.div_ceil(S::F32_LANES);
        let zero = simd.splat_f32s(0.0);
        let mut sums = vec![zero; self.outputs() * vectors];
        let mut squares = vec![zero; SAMPLES * vectors];
        let rows: Vec<&[f32]> = self.features.chunks_exact(self.size).collect();
        for (group, rows) in rows.chunks(SAMPLES).enumerate() {
            let sample = group * SAMPLES;
            // A last, smaller group meets squares of the one before with coefficients 0.
            for (squares, row) in squares.chunks_exact_mut(vectors).zip(rows) {
                let squares: &mut [f32] = bytemuck::cast_slice_mut(squares);
                for (square, x) in squares.iter_mut().zip(&row[self.start..][..width]) {
                    *square = x * x;
                }
            }
            let (s0, rest) = squares.split_at(vectors);
            let (s1, rest) = rest.split_at(vectors);
            let (s2, s3) = rest.split_at(vectors);
            for (k, sums) in sums.chunks_exact_mut(vectors).enumerate() {
                let terms = self.terms.output(self.first + k);
                let c: [S::f32s; SAMPLES] = std::array::from_fn(|i| {
                    simd.splat_f32s(terms.get(sample + i).copied().unwrap_or(0.0))
                });
                for ((((sum, s0), s1), s2), s3) in sums.iter_mut().zip(s0).zip(s1).zip(s2).zip(s3) {
                    let total = simd.mul_add_e_f32s(c[0], *s0, *sum);
                    let total = simd.mul_add_e_f32s(c[1], *s1, total);
                    let total = simd.mul_add_e_f32s(c[2], *s2, total);
                    *sum = simd.mul_add_e_f32s(c[3], *s3, total);
                }
            }
        }
        bytemuck::cast_slice(&sums).to_vec()
    }
}
