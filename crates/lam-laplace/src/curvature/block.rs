//! One block of the Hessian per output unit.

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

/// The Hessian with respect to the weights of each output of a linear head, `[F+1, F+1]` per output; the last row and
/// column belong to the bias. What couples the weights of two outputs is left out.
///
/// It is a sum over pairs, so shards that share no pair [`merge`](Self::merge) exactly.
#[derive(Debug, Clone)]
pub struct BlockCurvature {
    blocks: Tensor<3>,
    span: Span,
}

impl BlockCurvature {
    /// Bytes of all blocks that are still accepted: three blocks of 9216 features. Decomposing one of that size takes
    /// minutes.
    pub const MOST_BYTES: u128 = 5 << 28;

    /// Refuses heads whose blocks would not fit.
    ///
    /// # Errors
    /// [`LaplaceError::TooLarge`] beyond [`MOST_BYTES`](Self::MOST_BYTES).
    pub fn check([outputs, features]: [usize; 2]) -> Result<(), LaplaceError> {
        let side = features.saturating_add(1);
        check_memory(
            "block",
            [outputs, features],
            entries(&[outputs, side, side]),
            Self::MOST_BYTES,
            "posterior: kron or diag",
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
        let one = Tensor::<2>::eye(features + 1, &device) * value;
        Ok(Self::from_blocks(
            one.unsqueeze::<3>().repeat_dim(0, outputs),
        ))
    }

    pub(crate) fn from_blocks(blocks: Tensor<3>) -> Self {
        Self {
            blocks: blocks.without_autodiff(),
            span: Span::whole(),
        }
    }

    /// Blocks of the generalised Gauss–Newton Hessian, summed over all counted pairs, not clamped: with the
    /// terms of the pair Hessians in output `k` between all samples, `W_k [B, B]`, block `k` is `X̃ᵀ W_k X̃`.
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
        let blocks = (0..outputs).map(|k| {
            let weighted = pairs.between(k, k).matmul(rows.clone());
            columns.clone().matmul(weighted)
        });
        Ok(Self {
            blocks: Tensor::stack(blocks.collect(), 0),
            span: Span::of(rows.clone()),
        })
    }

    /// `[D, F+1, F+1]`.
    pub fn blocks(&self) -> Tensor<3> {
        self.blocks.clone()
    }

    /// Sizes `[D, F]` of the head.
    pub fn dims(&self) -> [usize; 2] {
        let [outputs, side, _] = self.blocks.dims();
        [outputs, side.saturating_sub(1)]
    }

    /// The curvature of both sums of pairs together: exact, in any order.
    ///
    /// # Panics
    /// If the two belong to heads of different sizes.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            blocks: self.blocks + other.blocks,
            span: self.span.merge(other.span),
        }
    }

    /// Multiplied by a number.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self {
            blocks: self.blocks * factor,
            span: self.span,
        }
    }

    /// Multiplied by a number that the device knows, shape `[1]`, without fetching it.
    #[must_use]
    pub fn scale_by(self, factor: Tensor<1>) -> Self {
        Self {
            blocks: self.blocks * factor.without_autodiff().unsqueeze(),
            span: self.span,
        }
    }

    /// The nearest positive semi-definite blocks: negative eigenvalues set to 0.
    ///
    /// # Errors
    /// [`LaplaceError::NotFinite`], [`LaplaceError::NoSpectrum`].
    pub fn clamp(self) -> Result<Self, LaplaceError> {
        let blocks = match self.span.basis() {
            None => Spectrum::of(self.blocks, "block")?.positive_part(),
            Some(basis) => {
                let (q, transposed) = (
                    basis.clone().unsqueeze::<3>(),
                    basis.transpose().unsqueeze(),
                );
                let inner = transposed.clone().matmul(self.blocks).matmul(q.clone());
                let inner = Spectrum::of(inner, "block")?.positive_part();
                q.matmul(inner).matmul(transposed)
            }
        };
        Ok(Self::from_blocks(blocks))
    }
}
