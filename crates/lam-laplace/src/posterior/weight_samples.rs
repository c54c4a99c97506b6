//! Weights drawn from a posterior.

use burn::tensor::Tensor;
use lam_model::head::{Activation, HeadWeights, LayerWeights, PerLayer};

use crate::unit::unit;

/// One layer of `S` heads.
#[derive(Debug, Clone)]
pub struct LayerSamples {
    /// `[S, M, I]`.
    pub weight: Tensor<3>,
    /// `[S, M]`.
    pub bias: Tensor<2>,
}

/// `S` heads. The same samples serve every batch of an evaluation.
#[derive(Debug, Clone)]
pub struct WeightSamples {
    /// Weights of every layer.
    pub layers: PerLayer<LayerSamples>,
    /// After every hidden layer.
    pub activation: Activation,
}

impl LayerSamples {
    /// All samples see the same input, as one product `[B, I]×[I, S·M]`; `[B, S, M]`.
    fn of_shared(&self, x: Tensor<2>) -> Tensor<3> {
        let [samples, outputs, size] = self.weight.dims();
        let [batch, _] = x.dims();
        let weight = self.weight.clone().reshape([samples * outputs, size]);
        let bias = self.bias.clone().reshape([1, samples * outputs]);
        (x.matmul(weight.transpose()) + bias).reshape([batch, samples, outputs])
    }

    /// Every sample has its own input, from `[B, S, I]` to `[B, S, M]`.
    fn of_own(&self, x: Tensor<3>) -> Tensor<3> {
        let own = x
            .swap_dims(0, 1)
            .matmul(self.weight.clone().swap_dims(1, 2));
        own.swap_dims(0, 1) + self.bias.clone().unsqueeze()
    }
}

impl WeightSamples {
    /// Outputs `z` of every head.
    ///
    /// # Shapes
    /// `features`: `[B, F]`; result: `[B, S, D]`. Gradients flow to the features and to the posterior's mean.
    pub fn outputs(&self, features: Tensor<2>) -> Tensor<3> {
        let mut layers = self.layers.iter();
        let first = layers.next().unwrap_or(&self.layers.last);
        layers.fold(first.of_shared(features), |m, layer| {
            layer.of_own(self.activation.apply(m))
        })
    }

    /// Embeddings `u = z / |z|` of every head, `[B, S, D]`.
    pub fn embeddings(&self, features: Tensor<2>) -> Tensor<3> {
        unit(self.outputs(features))
    }

    /// Number of heads.
    pub fn count(&self) -> usize {
        self.layers.last.bias.dims()[0]
    }

    /// The weights of head `sample`.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn head(&self, sample: usize) -> HeadWeights {
        HeadWeights {
            layers: self.layers.clone().map(|layer| LayerWeights {
                weight: layer.weight.narrow(0, sample, 1).squeeze_dim(0),
                bias: layer.bias.narrow(0, sample, 1).squeeze_dim(0),
            }),
            activation: self.activation,
        }
    }
}
