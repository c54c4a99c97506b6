//! The closed form on the host's memory, for `f32` tensors of Burn's Flex device.
//!
//! The same formulas as in `linear_head`, with four savings that tensor operations cannot express:
//! - a symmetric quadratic form needs one triangle only, and the self terms are its diagonal, so all is one form
//!   `xᵀ T_k x` with `T_k` lower triangular;
//! - where no pair of some rows of `T_k` and a column was counted, nothing is multiplied: the positives of a batch are
//!   one small block per label, and mined negatives may be few;
//! - nor is a sample that has none of the features at hand: rectified features of a trained network are mostly 0;
//! - the products `T_k x` are used where they arise, in registers, and never stored.

mod live_panel;
mod pair_counts;
mod quadratic_form;
mod self_terms;
mod triangle;
mod view;
mod weighted_squares;

use burn::tensor::{Tensor, TensorData};
use lam_model::miner::PairCounts;
use pulp::Arch;

use super::{Approximation, DiagonalCurvature, PairHessian};
use pair_counts::{SignedCounts, column_sums};
use quadratic_form::quadratic_forms;
use self_terms::{Directions, SelfTerms};
use triangle::PairTriangle;
use view::HostMatrix;
use weighted_squares::weighted_squares;

/// As `linear_head_diagonal`; `None` if the tensors are elsewhere or of another type.
pub(super) fn linear_head_diagonal(
    features: &Tensor<2>,
    embeddings: &Tensor<2>,
    counts: &PairCounts,
    hessian: PairHessian,
    approximation: Approximation,
) -> Option<DiagonalCurvature> {
    let batch = HostBatch {
        features: HostMatrix::borrow(features)?,
        embeddings: HostMatrix::borrow(embeddings)?,
        positives: HostMatrix::borrow(&counts.positives)?,
        negatives: HostMatrix::borrow(&counts.negatives)?,
    };
    let outputs = batch.embeddings.dims()[1];
    let size = batch.features.dims()[1];
    let (weight, bias) = batch.diagonal(hessian, approximation, Arch::new());
    let device = features.device();
    Some(DiagonalCurvature::from_parts(
        Tensor::from_data(TensorData::new(weight, [outputs, size]), &device),
        Tensor::from_data(TensorData::new(bias, [outputs]), &device),
    ))
}

struct HostBatch {
    features: HostMatrix,
    embeddings: HostMatrix,
    positives: HostMatrix,
    negatives: HostMatrix,
}

impl HostBatch {
    /// Weight part `[D, F]` and bias part `[D]` of the diagonal, with the instructions of `arch`.
    fn diagonal(
        &self,
        hessian: PairHessian,
        approximation: Approximation,
        arch: Arch,
    ) -> (Vec<f32>, Vec<f32>) {
        let [batch, outputs] = self.embeddings.dims();
        let size = self.features.dims()[1];
        let features = self.features.values();
        let signed = SignedCounts::new(
            self.positives.values(),
            self.negatives.values(),
            batch,
            approximation,
        );
        let directions = Directions::of(self.embeddings.values(), batch, outputs);
        if (hessian, approximation) == (PairHessian::Contrastive, Approximation::Fix) {
            let terms = SelfTerms::contrastive(&directions, &signed.received());
            return weighted_squares(&terms, features, size, arch);
        }
        let both_ways = signed.both_ways();
        let terms = match hessian {
            PairHessian::Contrastive => {
                SelfTerms::contrastive(&directions, &column_sums(&both_ways, batch))
            }
            PairHessian::Arccos => SelfTerms::arccos(&directions, &both_ways, arch),
        };
        match approximation {
            Approximation::Fix => weighted_squares(&terms, features, size, arch),
            Approximation::Full | Approximation::Pos => {
                let positives = self.positives.values();
                let triangle = PairTriangle::new(&directions, &both_ways, positives, arch);
                quadratic_forms(&triangle, &terms, features, size, arch)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn matrix(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> HostMatrix {
        let values: Vec<f32> = (0..rows * columns)
            .map(|i| value(i / columns, i % columns))
            .collect();
        let tensor = Tensor::from_data(TensorData::new(values, [rows, columns]), &Device::flex());
        HostMatrix::borrow(&tensor).unwrap_or_else(|| panic!("a Flex tensor is on the host"))
    }

    /// What this machine runs by itself is compared with tensor operations elsewhere; here with its lesser vectors.
    #[test]
    fn every_instruction_set_gives_the_same() {
        let batch = HostBatch {
            features: matrix(21, 301, |b, j| ((b * 37 + j * 11) as f32).sin() + 0.5),
            embeddings: matrix(21, 10, |b, k| ((b * 5 + k * 13) as f32).cos()),
            positives: matrix(21, 21, |a, b| {
                if a != b && a % 3 == b % 3 {
                    ((a + b) % 4) as f32
                } else {
                    0.0
                }
            }),
            negatives: matrix(21, 21, |a, b| {
                if a % 3 != b % 3 {
                    ((2 * a + b) % 3) as f32
                } else {
                    0.0
                }
            }),
        };
        let mut lesser = vec![Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        lesser.extend(pulp::x86::V3::try_new().map(Arch::V3));
        for hessian in [PairHessian::Contrastive, PairHessian::Arccos] {
            for approximation in [Approximation::Full, Approximation::Pos, Approximation::Fix] {
                let (weight, bias) = batch.diagonal(hessian, approximation, Arch::new());
                let largest = weight.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
                for &arch in &lesser {
                    let (other, other_bias) = batch.diagonal(hessian, approximation, arch);
                    assert_eq!((weight.len(), bias.len()), (other.len(), other_bias.len()));
                    for (a, b) in weight
                        .iter()
                        .chain(&bias)
                        .zip(other.iter().chain(&other_bias))
                    {
                        assert!((a - b).abs() <= 1e-5 * largest, "{arch:?}: {a} {b}");
                    }
                }
            }
        }
    }
}
