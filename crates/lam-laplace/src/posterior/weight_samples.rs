//! Weights drawn from a posterior.

use burn::tensor::Tensor;

use crate::unit::unit;

/// `S` heads. The same samples serve every batch of an evaluation.
#[derive(Debug, Clone)]
pub struct WeightSamples {
    /// `[S, D, F]`.
    pub weight: Tensor<3>,
    /// `[S, D]`.
    pub bias: Tensor<2>,
}

impl WeightSamples {
    /// Outputs `z` of every head, as one product `[B, F]×[F, S·D]`.
    ///
    /// # Shapes
    /// `features`: `[B, F]`; result: `[B, S, D]`. Gradients flow to the features and to the posterior's mean.
    pub fn outputs(&self, features: Tensor<2>) -> Tensor<3> {
        let [samples, outputs, size] = self.weight.dims();
        let [batch, _] = features.dims();
        let weight = self.weight.clone().reshape([samples * outputs, size]);
        let bias = self.bias.clone().reshape([1, samples * outputs]);
        (features.matmul(weight.transpose()) + bias).reshape([batch, samples, outputs])
    }

    /// Embeddings `u = z / |z|` of every head, `[B, S, D]`.
    pub fn embeddings(&self, features: Tensor<2>) -> Tensor<3> {
        unit(self.outputs(features))
    }
}
