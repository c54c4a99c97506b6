//! `x ↦ W x + b`.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use crate::init::uniform_fan_in;

/// A linear layer with its weight in PyTorch's order.
#[derive(Module, Debug)]
pub struct LinearHead {
    /// `[D, F]`.
    pub weight: Param<Tensor<2>>,
    /// `[D]`.
    pub bias: Param<Tensor<1>>,
}

impl LinearHead {
    /// A head from `features` (F) to `latent_dim` (D) with PyTorch's default initialisation.
    pub fn init(
        features: usize,
        latent_dim: usize,
        rng: &mut ChaCha12Rng,
        device: &Device,
    ) -> Self {
        Self {
            weight: uniform_fan_in([latent_dim, features], features, rng, device),
            bias: uniform_fan_in([latent_dim], features, rng, device),
        }
    }

    /// Embeddings by the head's own (mean) weights.
    ///
    /// # Shapes
    /// - `x`: `[B, F]`
    /// - output: `[B, D]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        linear(x, self.weight.val(), self.bias.val())
    }
}

/// `x Wᵀ + b` for given weights, as a drawn sample of them needs it.
///
/// # Shapes
/// - `x`: `[B, F]`, `weight`: `[D, F]`, `bias`: `[D]`
/// - output: `[B, D]`
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    x.matmul(weight.transpose()) + bias.unsqueeze()
}
