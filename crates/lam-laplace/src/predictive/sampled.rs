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
    let (mean, deviation) = moments(embeddings);
    Embedding {
        mean: unit(mean),
        deviation,
    }
}

/// Embeddings `u_s = z_s / |z_s|` of outputs, `[B, S, D]` both.
pub fn directions(outputs: Tensor<3>) -> Tensor<3> {
    unit(outputs)
}

/// The spread of the outputs `z_s` before the normalisation: their standard deviations, as [`summarise`] has them, added up
/// over the dimensions.
///
/// It says how little is known about the weights where such features lie. The spread of the direction says that in
/// proportion to the length of `z`, which is short for an image between classes and may be long for one of no class.
///
/// # Shapes
/// - `outputs`: `[B, S, D]`, as [`WeightSamples::outputs`](crate::posterior::WeightSamples::outputs) gives them
/// - output: `[B]`
pub fn output_spread(outputs: Tensor<3>) -> Tensor<1> {
    let (_, deviation) = moments(outputs);
    deviation.sum_dim(1).squeeze_dim(1)
}

/// Mean and standard deviation over the samples, `[B, D]` each.
fn moments(samples: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
    let count = samples.dims()[1];
    let mean = samples.clone().mean_dim(1);
    let squares = (samples - mean.clone()).square().sum_dim(1);
    let variance = squares / count.saturating_sub(1).max(1) as f64;
    (mean.squeeze_dim(1), variance.sqrt().squeeze_dim(1))
}
