//! Linear layers with an activation between them, on features as they are or under a fixed map.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::{
    Activation, HeadWeights, LayerWeights, LinearHead, PerLayer, RandomFeatures,
    RandomFeaturesConfig,
};
use crate::init::uniform_fan_in;
use crate::select::select;

/// Sizes of a [`Head`].
#[derive(Debug, Clone, PartialEq)]
pub struct HeadConfig {
    /// Before the layers, where there are any.
    pub random_features: Option<RandomFeaturesConfig>,
    /// Sizes of the hidden layers; none for one linear layer.
    pub hidden: Vec<usize>,
    /// Size of the embedding.
    pub latent_dim: usize,
    /// After every hidden layer.
    pub activation: Activation,
}

/// `F → (random features) → hidden → … → D`. Its last layer is named as the only layer of a linear head is, `weight` and `bias`, so that a
/// linear head's state has the same names whether or not there could be more layers.
#[derive(Module, Debug)]
pub struct Head {
    /// The map before the layers.
    pub random_features: Option<RandomFeatures>,
    /// First to last.
    pub hidden: Vec<LinearHead>,
    /// Of the last layer, `[D, I]`.
    pub weight: Param<Tensor<2>>,
    /// Of the last layer, `[D]`.
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    activation: Activation,
}

impl HeadConfig {
    /// One linear layer.
    pub fn linear(latent_dim: usize) -> Self {
        Self {
            random_features: None,
            hidden: Vec::new(),
            latent_dim,
            activation: Activation::default(),
        }
    }

    /// A head on `features` (F), with PyTorch's default initialisation.
    pub fn init(&self, features: usize, rng: &mut ChaCha12Rng, device: &Device) -> Head {
        let mut inputs = self.inputs(features);
        let mut hidden = Vec::with_capacity(self.hidden.len());
        for &size in &self.hidden {
            hidden.push(LinearHead::init(inputs, size, rng, device));
            inputs = size;
        }
        Head {
            hidden,
            weight: uniform_fan_in([self.latent_dim, inputs], inputs, rng, device),
            bias: uniform_fan_in([self.latent_dim], inputs, rng, device),
            activation: self.activation,
            random_features: self
                .random_features
                .map(|map| map.init(features, rng, device)),
        }
    }

    /// Numbers that enter the first layer, of `features` that enter the head.
    pub(crate) fn inputs(&self, features: usize) -> usize {
        self.random_features.map_or(features, |map| map.count)
    }
}

impl Head {
    /// One linear layer with weight `[D, F]` and bias `[D]`.
    pub fn of_linear(weight: Tensor<2>, bias: Tensor<1>) -> Self {
        Self {
            random_features: None,
            hidden: Vec::new(),
            weight: Param::from_tensor(weight),
            bias: Param::from_tensor(bias),
            activation: Activation::default(),
        }
    }

    /// The head for features in another order: input `i` of the result is input `order[i]` of this one.
    pub(crate) fn with_inputs_in_order(mut self, order: &[usize]) -> Self {
        if let Some(map) = self.random_features.take() {
            self.random_features = Some(map.with_inputs_in_order(order));
            return self;
        }
        let first = match self.hidden.first_mut() {
            Some(layer) => &mut layer.weight,
            None => &mut self.weight,
        };
        *first = Param::from_tensor(select(first.val(), 1, order));
        self
    }

    /// `F`: the number of features that enter.
    pub(crate) fn features_in(&self) -> usize {
        if let Some(map) = &self.random_features {
            return map.inputs();
        }
        let first = self
            .hidden
            .first()
            .map_or(&self.weight, |layer| &layer.weight);
        first.val().dims()[1]
    }

    /// The weights of the layers as they are now, which follow [`features`](Self::features); gradients of what is computed with them reach the parameters.
    pub fn weights(&self) -> HeadWeights {
        let layer = |weight: &Param<Tensor<2>>, bias: &Param<Tensor<1>>| LayerWeights {
            weight: weight.val(),
            bias: bias.val(),
        };
        HeadWeights {
            layers: PerLayer {
                hidden: self
                    .hidden
                    .iter()
                    .map(|l| layer(&l.weight, &l.bias))
                    .collect(),
                last: layer(&self.weight, &self.bias),
            },
            activation: self.activation,
        }
    }

    /// What enters the first layer: the features, or what the fixed map makes of them.
    ///
    /// # Shapes
    /// - `x`: `[B, F]`
    /// - output: `[B, F]`, or `[B, R]` under a map to R random features
    pub fn features(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.random_features {
            Some(map) => map.forward(x),
            None => x,
        }
    }

    /// Embeddings by the head's own (mean) weights; of what [`features`](Self::features) makes already
    /// [`weights`](Self::weights)`().forward` makes them.
    ///
    /// # Shapes
    /// - `x`: `[B, F]`
    /// - output: `[B, D]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.weights().forward(self.features(x))
    }
}
