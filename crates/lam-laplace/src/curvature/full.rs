//! The whole Hessian of a small head.

use burn::tensor::{Device, Tensor};
use lam_model::miner::PairCounts;

use super::augmented::augmented;
use super::linear_head::check_shapes;
use super::memory::{check_memory, entries};
use super::pair_terms::PairTerms;
use super::span::Span;
use super::{Approximation, PairHessian};
use crate::LaplaceError;
use crate::spectrum::Spectrum;

/// The Hessian with respect to all `P = D (F + 1)` weights of a linear head, in the order output by output, each
/// output's weights and then its bias.
///
/// It is a sum over pairs, so shards that share no pair [`merge`](Self::merge) exactly.
#[derive(Debug, Clone)]
pub struct FullCurvature {
    matrix: Tensor<2>,
    outputs: usize,
    /// Of the inputs of each output.
    span: Span,
}

impl FullCurvature {
    /// Bytes of the matrix that are still accepted: `P` up to 8192, whose decomposition takes minutes.
    pub const MOST_BYTES: u128 = 1 << 28;

    /// Refuses heads whose matrix would not fit.
    ///
    /// # Errors
    /// [`LaplaceError::TooLarge`] beyond [`MOST_BYTES`](Self::MOST_BYTES).
    pub fn check([outputs, features]: [usize; 2]) -> Result<(), LaplaceError> {
        let side = features.saturating_add(1);
        check_memory(
            "full",
            [outputs, features],
            entries(&[outputs, side, outputs, side]),
            Self::MOST_BYTES,
            "posterior: block, kron or diag",
        )
    }

    /// The same curvature `value` for every weight of a head `[outputs, features]`, none between two weights.
    ///
    /// # Errors
    /// [`LaplaceError::TooLarge`].
    pub fn constant(
        outputs: usize,
        features: usize,
        value: f64,
        device: &Device,
    ) -> Result<Self, LaplaceError> {
        Self::check([outputs, features])?;
        let device = device.clone().without_autodiff();
        let one = Tensor::<2>::eye(outputs * (features + 1), &device);
        Ok(Self::from_matrix(one * value, outputs))
    }

    pub(crate) fn from_matrix(matrix: Tensor<2>, outputs: usize) -> Self {
        Self {
            matrix: matrix.without_autodiff(),
            outputs,
            span: Span::whole(),
        }
    }

    /// The generalised Gauss–Newton Hessian, summed over all counted pairs, not clamped: with the terms of the pair
    /// Hessians in outputs `k` and `l` between all samples, `W_kl [B, B]`, its blocks are `X̃ᵀ W_kl X̃`.
    ///
    /// # Shapes
    /// - `features`: `[B, F]`, input of the head
    /// - `embeddings`: `[B, D]`, its output before the normalisation
    /// - `counts`: `[B, B]` each
    ///
    /// # Errors
    /// [`LaplaceError::TooLarge`].
    ///
    /// # Panics
    /// If the shapes do not fit together.
    pub fn of_batch(
        features: Tensor<2>,
        embeddings: Tensor<2>,
        counts: &PairCounts,
        hessian: PairHessian,
        approximation: Approximation,
    ) -> Result<Self, LaplaceError> {
        check_shapes(&features, &embeddings, counts);
        let outputs = embeddings.dims()[1];
        Self::check([outputs, features.dims()[1]])?;
        let pairs = PairTerms::new(embeddings, counts, hessian, approximation);
        let rows = augmented(features.without_autodiff());
        let columns = rows.clone().transpose();
        // Block (l, k) is the transpose of block (k, l).
        let mut above: Vec<Vec<Tensor<2>>> = Vec::with_capacity(outputs);
        for k in 0..outputs {
            let mut strip: Vec<Tensor<2>> =
                (0..k).map(|l| above[l][k].clone().transpose()).collect();
            strip.extend((k..outputs).map(|l| {
                let weighted = pairs.between(k, l).matmul(rows.clone());
                columns.clone().matmul(weighted)
            }));
            above.push(strip);
        }
        let strips = above.into_iter().map(|strip| Tensor::cat(strip, 1));
        Ok(Self {
            matrix: Tensor::cat(strips.collect(), 0),
            outputs,
            span: Span::of(rows),
        })
    }

    /// `[P, P]`.
    pub fn matrix(&self) -> Tensor<2> {
        self.matrix.clone()
    }

    /// Sizes `[D, F]` of the head.
    pub fn dims(&self) -> [usize; 2] {
        let side = self.matrix.dims()[0] / self.outputs.max(1);
        [self.outputs, side.saturating_sub(1)]
    }

    /// The curvature of both sums of pairs together: exact, in any order.
    ///
    /// # Panics
    /// If the two belong to heads of different sizes.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            matrix: self.matrix + other.matrix,
            outputs: self.outputs,
            span: self.span.merge(other.span),
        }
    }

    /// Multiplied by a number.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self {
            matrix: self.matrix * factor,
            ..self
        }
    }

    /// Multiplied by a number that the device knows, shape `[1]`, without fetching it.
    #[must_use]
    pub fn scale_by(self, factor: Tensor<1>) -> Self {
        Self {
            matrix: self.matrix * factor.without_autodiff().unsqueeze(),
            ..self
        }
    }

    /// The nearest positive semi-definite matrix: negative eigenvalues set to 0.
    ///
    /// # Errors
    /// [`LaplaceError::NotFinite`], [`LaplaceError::NoSpectrum`].
    pub fn clamp(self) -> Result<Self, LaplaceError> {
        let positive_part = |matrix: Tensor<2>| -> Result<Tensor<2>, LaplaceError> {
            let spectrum = Spectrum::of(matrix.unsqueeze(), "full")?;
            Ok(spectrum.positive_part().squeeze_dim(0))
        };
        let matrix = match self.span.basis() {
            None => positive_part(self.matrix)?,
            Some(basis) => {
                let inner = between(self.matrix, basis.clone(), self.outputs);
                between(positive_part(inner)?, basis.transpose(), self.outputs)
            }
        };
        Ok(Self::from_matrix(matrix, self.outputs))
    }
}

/// `(I ⊗ Q)ᵀ A (I ⊗ Q)` of a symmetric `A [D n, D n]` with `Q [n, r]`.
fn between(matrix: Tensor<2>, q: Tensor<2>, outputs: usize) -> Tensor<2> {
    let [inputs, inner] = q.dims();
    let half = |matrix: Tensor<2>| {
        let [rows, _] = matrix.dims();
        let product = matrix.reshape([rows * outputs, inputs]).matmul(q.clone());
        product.reshape([rows, outputs * inner])
    };
    half(half(matrix).transpose())
}
