//! The predictive distribution by moments.

use burn::tensor::Tensor;

use super::Embedding;
use super::direction_moments::direction_moments;
use crate::posterior::DiagonalPosterior;

/// The head's output before the normalisation: independent Gaussians.
#[derive(Debug, Clone)]
pub struct Outputs {
    /// `μ_W x + μ_b`, `[B, D]`.
    pub mean: Tensor<2>,
    /// `Σ_j σ_kj² x_j² + σ_bk²`, `[B, D]`.
    pub variance: Tensor<2>,
}

/// Mean and variance of `z`, exact: `z` is linear in Gaussian weights, and no two outputs share a weight.
///
/// # Shapes
/// `features`: `[B, F]`.
pub fn analytic_outputs(posterior: &DiagonalPosterior, features: Tensor<2>) -> Outputs {
    let mean =
        features.clone().matmul(posterior.weight().transpose()) + posterior.bias().unsqueeze::<2>();
    let variance = features
        .square()
        .matmul(posterior.weight_deviation().square().transpose())
        + posterior.bias_deviation().square().unsqueeze::<2>();
    Outputs { mean, variance }
}

/// Mean direction and spread of `u = z / |z|`: [`analytic_outputs`] through [`direction_moments`].
///
/// # Shapes
/// `features`: `[B, F]`.
pub fn analytic_embedding(posterior: &DiagonalPosterior, features: Tensor<2>) -> Embedding {
    direction_moments(analytic_outputs(posterior, features))
}
