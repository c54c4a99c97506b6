//! From features to the variance of an embedding.

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::LinearHead;
use crate::batch_norm::{BatchNorm, BatchStatistics, Pass};

/// Log-variances beyond this, either way, are this: `exp` of more would leave single precision.
const LARGEST_LOG: f64 = 30.0;

/// `σ² = exp(norm(linear(relu(norm(linear(x))))))`, the log-variance head of PFE and HIB (method, section "Baselines").
#[derive(Module, Debug)]
pub struct VarianceHead {
    /// `F → D`.
    pub input: LinearHead,
    /// After it.
    pub input_norm: BatchNorm,
    /// `D → D`.
    pub output: LinearHead,
    /// After that; with one scale and shift for all dimensions if asked for.
    pub output_norm: BatchNorm,
}

impl VarianceHead {
    /// A head from `features` (F) to `latent_dim` (D); the last norm has one scale and shift for all dimensions if
    /// `shared`.
    pub fn init(
        features: usize,
        latent_dim: usize,
        shared: bool,
        rng: &mut ChaCha12Rng,
        device: &Device,
    ) -> Self {
        crate::state::number_parameters(Self {
            input: LinearHead::init(features, latent_dim, rng, device),
            input_norm: BatchNorm::init(latent_dim, false, device),
            output: LinearHead::init(latent_dim, latent_dim, rng, device),
            output_norm: BatchNorm::init(latent_dim, shared, device),
        })
    }

    /// Variances by the running statistics; finite and above zero for finite features.
    ///
    /// # Shapes
    /// - `x`: `[B, F]`
    /// - output: `[B, D]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.pass(x, &mut Pass::Evaluation)
    }

    /// Variances by the batch's own statistics, which come back for [`BatchStatistics::into_module`].
    ///
    /// # Shapes
    /// - `x`: `[B, F]`
    /// - output: `[B, D]`
    pub fn forward_train(&self, x: Tensor<2>) -> (Tensor<2>, BatchStatistics) {
        let mut statistics = BatchStatistics::default();
        let variance = self.pass(x, &mut Pass::Training(&mut statistics));
        (variance, statistics)
    }

    fn pass(&self, x: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        let hidden = relu(self.input_norm.forward(self.input.forward(x), pass));
        let log = self.output_norm.forward(self.output.forward(hidden), pass);
        variance(log)
    }
}

fn variance(log: Tensor<2>) -> Tensor<2> {
    log.clamp(-LARGEST_LOG, LARGEST_LOG).exp()
}
