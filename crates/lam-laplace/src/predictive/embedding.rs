//! An embedding that knows how sure it is.

use burn::tensor::Tensor;

/// Direction and spread of a batch of embeddings.
#[derive(Debug, Clone)]
pub struct Embedding {
    /// Mean direction, of length 1, `[B, D]` (`z_mu`).
    pub mean: Tensor<2>,
    /// Standard deviation of `u` per dimension, `[B, D]` (`z_sigma`).
    pub deviation: Tensor<2>,
}
