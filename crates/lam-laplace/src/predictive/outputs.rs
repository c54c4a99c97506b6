//! A head's output as a Gaussian.

use std::fmt::Debug;

use burn::tensor::Tensor;

/// A head's outputs in closed form; see [`Posterior::moments`](crate::posterior::Posterior::moments).
pub trait OutputMoments: Debug + Send + Sync {
    /// Mean and variance of `z` for features `[B, F]`.
    fn outputs(&self, features: Tensor<2>) -> Outputs;
}

/// The head's output before the normalisation: independent Gaussians.
#[derive(Debug, Clone)]
pub struct Outputs {
    /// Of every output, `[B, D]`.
    pub mean: Tensor<2>,
    /// Of every output, `[B, D]`.
    pub variance: Tensor<2>,
}
