//! The predictive distribution by weight samples.

use burn::tensor::Tensor;

use super::Embedding;
use crate::unit::unit;

/// Mean and spread of the embeddings `u_s` under `S` weight samples.
///
/// `mean` is the mean over the samples, renormalised; `deviation` the standard deviation with `S − 1` in the
/// denominator, and 0 for a single sample, which has no spread.
///
/// # Shapes
/// `embeddings`: `[B, S, D]`, as [`WeightSamples::embeddings`](crate::posterior::WeightSamples::embeddings) gives them.
pub fn summarise(embeddings: Tensor<3>) -> Embedding {
    let samples = embeddings.dims()[1];
    let mean = embeddings.clone().mean_dim(1);
    let squares = (embeddings - mean.clone()).square().sum_dim(1);
    Embedding {
        mean: unit(mean.squeeze_dim(1)),
        deviation: (squares / samples.saturating_sub(1).max(1) as f64)
            .sqrt()
            .squeeze_dim(1),
    }
}
