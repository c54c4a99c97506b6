//! The numbers a head consists of, apart from the module that learns them.

use burn::tensor::Tensor;

use super::{Activation, PerLayer, linear};

/// Weight and bias of one linear layer, or one number for each of them.
#[derive(Debug, Clone)]
pub struct LayerWeights {
    /// `[M, I]`: outputs, inputs.
    pub weight: Tensor<2>,
    /// `[M]`.
    pub bias: Tensor<1>,
}

impl LayerWeights {
    /// `x Wᵀ + b`, from `[B, I]` to `[B, M]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        linear(x, self.weight.clone(), self.bias.clone())
    }

    /// Sizes of weight and bias belong together.
    pub fn is_consistent(&self) -> bool {
        self.weight.dims()[0] == self.bias.dims()[0]
    }

    /// As constants, through which no gradient flows.
    #[must_use]
    pub fn without_autodiff(self) -> Self {
        Self {
            weight: self.weight.without_autodiff(),
            bias: self.bias.without_autodiff(),
        }
    }

    /// Outputs and inputs, `[M, I]`.
    pub fn dims(&self) -> [usize; 2] {
        self.weight.dims()
    }
}

/// The weights of a head: linear layers with an activation between them.
#[derive(Debug, Clone)]
pub struct HeadWeights {
    /// Of every layer.
    pub layers: PerLayer<LayerWeights>,
    /// After every hidden layer.
    pub activation: Activation,
}

impl HeadWeights {
    /// A head of one layer, with weight `[D, F]` and bias `[D]`.
    pub fn linear(weight: Tensor<2>, bias: Tensor<1>) -> Self {
        Self {
            layers: PerLayer::single(LayerWeights { weight, bias }),
            activation: Activation::default(),
        }
    }

    /// Embeddings `z` before the normalisation, from features `[B, F]` to `[B, D]`.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        self.layers.last.forward(self.inputs(features).last)
    }

    /// What enters every layer: the features, then the activations; `[B, I]` each.
    pub fn inputs(&self, features: Tensor<2>) -> PerLayer<Tensor<2>> {
        let mut hidden = Vec::with_capacity(self.layers.hidden.len());
        let mut x = features;
        for layer in &self.layers.hidden {
            let next = self.activation.apply(layer.forward(x.clone()));
            hidden.push(x);
            x = next;
        }
        PerLayer { hidden, last: x }
    }

    /// As constants, through which no gradient flows.
    #[must_use]
    pub fn without_autodiff(self) -> Self {
        Self {
            layers: self.layers.map(LayerWeights::without_autodiff),
            activation: self.activation,
        }
    }

    /// Whether it is one linear layer, for which more can be said in closed form.
    pub fn is_linear(&self) -> bool {
        self.layers.hidden.is_empty()
    }
}
