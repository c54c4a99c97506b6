//! The Hessian as a Kronecker product of a factor for the outputs and one for the inputs.
//!
//! Between outputs `k` and `l` the exact Hessian of a linear head is `M_kl = Σ_{a,b} W_kl[a,b] x̃_a x̃_bᵀ`, with `W` the
//! pair Hessians in the outputs `z` (self terms on the diagonal `a = b`, cross terms everywhere). Here
//! ```text
//! M_kl ≈ T_kl · R/tr R,     T_kl = tr M_kl = Σ_{a,b} W_kl[a,b] x̃_a·x̃_b,     R = Σ_b x̃_b x̃_bᵀ
//! ```
//! This is `E[H] ⊗ E[x̃ x̃ᵀ]` with every pair Hessian weighted by `x̃_a·x̃_b / E|x̃|²`. For a self term (`a = b`) that weight
//! is about 1. A cross term, for which the Kronecker factorisation of networks has no counterpart, enters the factor
//! of the outputs by the share of its two inputs that points the same way: two images with like features take
//! back what their self terms add, as they do in the exact Hessian, and two with orthogonal features do not meet. The
//! trace over the inputs, of every pair of outputs, is that of the exact Hessian; the whole is exact where all `x̃` of a
//! batch point in the same direction.
//!
//! `T` and `R` are sums, so that curvature of shards merges exactly.

use burn::tensor::{Device, Tensor};
use lam_model::miner::PairCounts;

use super::augmented::augmented;
use super::linear_head::check_shapes;
use super::memory::{check_memory, entries};
use super::pair_terms::{PairTerms, identity};
use super::{Approximation, PairHessian};
use crate::LaplaceError;
use crate::spectrum::Spectrum;

/// `c I + T ⊗ R/tr R`, see the module.
#[derive(Debug, Clone)]
pub struct KronCurvature {
    outputs: Tensor<2>,
    inputs: Tensor<2>,
    isotropic: Tensor<1>,
}

impl KronCurvature {
    /// Bytes of the factors that are still accepted: 9216 features. Decomposing that takes minutes.
    pub const MOST_BYTES: u128 = 1 << 29;

    /// Refuses heads whose factors would not fit.
    ///
    /// # Errors
    /// [`LaplaceError::TooLarge`] beyond [`MOST_BYTES`](Self::MOST_BYTES).
    pub fn check([outputs, features]: [usize; 2]) -> Result<(), LaplaceError> {
        let side = features.saturating_add(1);
        check_memory(
            "kron",
            [outputs, features],
            entries(&[side, side]).saturating_add(entries(&[outputs, outputs])),
            Self::MOST_BYTES,
            "posterior: diag",
        )
    }

    /// The same curvature `value` for every weight of a head `[outputs, features]`, and no factors yet.
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
        Ok(Self {
            outputs: Tensor::zeros([outputs, outputs], &device),
            inputs: Tensor::zeros([features + 1, features + 1], &device),
            isotropic: Tensor::full([1], value, &device),
        })
    }

    pub(crate) fn from_factors(
        outputs: Tensor<2>,
        inputs: Tensor<2>,
        isotropic: Tensor<1>,
    ) -> Self {
        Self {
            outputs: outputs.without_autodiff(),
            inputs: inputs.without_autodiff(),
            isotropic: isotropic.without_autodiff(),
        }
    }

    /// Factors of a batch, summed over all counted pairs, not clamped.
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
        let gram = rows.clone().matmul(columns.clone());
        let isotropic = Tensor::zeros([1], (&rows.device(), rows.dtype()));
        Ok(Self {
            outputs: output_factor(&pairs, gram, rows.clone().square().sum_dim(1)),
            inputs: columns.matmul(rows),
            isotropic,
        })
    }

    /// `T`, `[D, D]`.
    pub fn outputs(&self) -> Tensor<2> {
        self.outputs.clone()
    }

    /// `R`, `[F+1, F+1]`.
    pub fn inputs(&self) -> Tensor<2> {
        self.inputs.clone()
    }

    /// `c`, `[1]`: curvature of every weight alike.
    pub fn isotropic(&self) -> Tensor<1> {
        self.isotropic.clone()
    }

    /// Sizes `[D, F]` of the head.
    pub fn dims(&self) -> [usize; 2] {
        let [side, _] = self.inputs.dims();
        [self.outputs.dims()[0], side.saturating_sub(1)]
    }

    /// The factors of both sums of pairs together: exact, in any order.
    ///
    /// # Panics
    /// If the two belong to heads of different sizes.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            outputs: self.outputs + other.outputs,
            inputs: self.inputs + other.inputs,
            isotropic: self.isotropic + other.isotropic,
        }
    }

    /// The Hessian multiplied by a number. The features it was seen with, `R`, stay.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self {
            outputs: self.outputs * factor,
            isotropic: self.isotropic * factor,
            ..self
        }
    }

    /// As [`scale`](Self::scale), by a number that the device knows, shape `[1]`, without fetching it.
    #[must_use]
    pub fn scale_by(self, factor: Tensor<1>) -> Self {
        let factor = factor.without_autodiff();
        Self {
            outputs: self.outputs * factor.clone().unsqueeze(),
            isotropic: self.isotropic * factor,
            ..self
        }
    }

    /// Everything seen so far counts `memory` times, features included.
    #[must_use]
    pub fn fade(self, memory: f64) -> Self {
        Self {
            inputs: self.inputs.clone() * memory,
            ..self.scale(memory)
        }
    }

    /// The nearest positive semi-definite product: negative eigenvalues of `T` set to 0; `R` has none.
    ///
    /// # Errors
    /// [`LaplaceError::NotFinite`], [`LaplaceError::NoSpectrum`].
    pub fn clamp(self) -> Result<Self, LaplaceError> {
        let spectrum = Spectrum::of(self.outputs.unsqueeze(), "kron, outputs")?;
        Ok(Self {
            outputs: spectrum.positive_part().squeeze_dim(0),
            isotropic: self.isotropic.clamp_min(0.0),
            ..self
        })
    }
}

/// `T` from the Gram matrix of the inputs `[B, B]` and its diagonal `[B, 1]`.
fn output_factor(pairs: &PairTerms, gram: Tensor<2>, squares: Tensor<2>) -> Tensor<2> {
    let units = pairs.units.clone();
    let outputs = units.dims()[1];
    let identity = identity(outputs, &units);
    let across = units
        .clone()
        .transpose()
        .matmul(pairs.pull.clone() * squares.clone());
    let own = identity.clone() * (pairs.alpha.clone() * squares).sum().unsqueeze::<2>()
        + across.clone()
        + across.transpose();
    match pairs.scaled_counts() {
        None => own,
        Some(scaled) => {
            let weights = scaled * gram;
            let at_one = units
                .clone()
                .transpose()
                .matmul(units.clone() * weights.clone().sum_dim(1));
            let at_both = units
                .clone()
                .transpose()
                .matmul((weights.clone() * pairs.cosines()).matmul(units));
            own + at_one * 2.0 - at_both - identity * weights.sum().unsqueeze::<2>()
        }
    }
}
