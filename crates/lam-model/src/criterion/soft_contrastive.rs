//! HIB: the probability that two samples match.

use burn::module::{Module, Param};
use burn::tensor::activation::{sigmoid, softplus};
use burn::tensor::{Device, Tensor};

use crate::miner::PairCounts;

/// Keeps the logarithm finite.
const GUARD: f64 = 1e-6;
/// First `α` and `β`. The boundary lies at distance 1, half way across the unit sphere, and the sigmoid is sure at both
/// ends.
const START: f32 = 5.0;

/// Two samples match with probability `p = sigmoid(−softplus(α)·|z₁ − z₂|² + β)`; `α` and `β` are learnt (Oh et al.,
/// ICLR 2019, equation 2).
#[derive(Module, Debug)]
pub struct SoftContrastive {
    /// `[1]`.
    pub alpha: Param<Tensor<1>>,
    /// `[1]`.
    pub beta: Param<Tensor<1>>,
}

impl SoftContrastive {
    /// With a boundary at distance 1.
    pub fn init(device: &Device) -> Self {
        Self::with(START, START, device)
    }

    /// With given parameters.
    pub fn with(alpha: f32, beta: f32, device: &Device) -> Self {
        let param = |value| Param::from_tensor(Tensor::full([1], value, device));
        Self {
            alpha: param(alpha),
            beta: param(beta),
        }
    }

    /// Mean of `−log(p + 1e-6)` over mined positive pairs plus mean of `−log(1 − p − 1e-6)` over mined negative pairs,
    /// over all pairs of samples of the two images; each pair of images counts once per triplet. 0 where nothing was
    /// mined. The second logarithm is taken of no less than 1e-6.
    ///
    /// # Shapes
    /// - `samples`: `[B, S, D]`
    /// - output: `[1]`, differentiable in the samples, `α` and `β`
    pub fn forward(&self, samples: Tensor<3>, pairs: &PairCounts) -> Tensor<1> {
        let [batch, count, size] = samples.dims();
        let rows = batch * count;
        let flat = samples.reshape([rows, size]);
        let norms = flat.clone().square().sum_dim(1);
        let products = flat.clone().matmul(flat.transpose());
        let squared = (norms.clone() + norms.transpose() - products * 2.0).clamp_min(0.0);
        let squared = squared.reshape([batch, count, batch, count]);
        let scale = softplus(self.alpha.val(), 1.0).reshape([1, 1, 1, 1]);
        let logit = self.beta.val().reshape([1, 1, 1, 1]) - squared * scale;
        // A pair of images is positive or negative, never both: one sigmoid with the fitting sign says p or 1 − p.
        let sign = (pairs.positives.clone() - pairs.negatives.clone()).sign();
        let sign = sign.reshape([batch, 1, batch, 1]);
        let likelihood = (sigmoid(logit * sign.clone()) + sign * GUARD).clamp_min(GUARD);
        let weights = (pairs.positives.clone() + pairs.negatives.clone())
            / pairs.triplets().clamp_min(1.0).unsqueeze::<2>();
        let weights = weights.reshape([batch, 1, batch, 1]);
        (likelihood.log() * weights).sum() * (-1.0 / (count * count) as f64)
    }
}
