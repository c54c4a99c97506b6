//! The running estimate of the curvature during training.

use burn::tensor::{Device, Tensor};

use crate::LaplaceError;
use crate::curvature::DiagonalCurvature;
use crate::error::check_range;

/// Options of [`OnlineCurvature`], checked when they are made.
///
/// | option | default | purpose | range |
/// |---|---|---|---|
/// | `memory_factor` | 0.999 | share of the old estimate that is kept at each step | [0, 1] |
/// | `init` | N | curvature before the first step, of every weight | ≥ 0 |
/// | `scale` | N² | pairs of the training set that a step's mean pair stands for | > 0 |
/// | `max_pairs` | none | upper limit of the divisor, see [`OnlineCurvature::update`] | ≥ 1 |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnlineConfig {
    memory_factor: f64,
    init: f64,
    scale: f64,
    max_pairs: Option<usize>,
}

impl OnlineConfig {
    /// Defaults for a training set of `samples` images.
    pub fn new(samples: usize) -> Self {
        let samples = samples.max(1) as f64;
        Self {
            memory_factor: 0.999,
            init: samples,
            scale: samples * samples,
            max_pairs: None,
        }
    }

    /// Share of the old estimate that is kept at each step.
    ///
    /// # Errors
    /// If it is not in [0, 1].
    pub fn with_memory_factor(mut self, value: f64) -> Result<Self, LaplaceError> {
        let valid = (0.0..=1.0).contains(&value);
        self.memory_factor = check_range("memory_factor", value, valid, "a number from 0 to 1")?;
        Ok(self)
    }

    /// Curvature of every weight before the first step.
    ///
    /// # Errors
    /// If it is negative or not finite.
    pub fn with_init(mut self, value: f64) -> Result<Self, LaplaceError> {
        let valid = value.is_finite() && value >= 0.0;
        self.init = check_range("init_hessian", value, valid, "a finite number, at least 0")?;
        Ok(self)
    }

    /// Factor of a step's mean pair.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn with_scale(mut self, value: f64) -> Result<Self, LaplaceError> {
        let valid = value.is_finite() && value > 0.0;
        self.scale = check_range("scale", value, valid, "a finite number greater than 0")?;
        Ok(self)
    }

    /// Number of pairs of each kind a step's Hessian was summed over at most.
    ///
    /// # Errors
    /// If it is 0.
    pub fn with_max_pairs(mut self, value: usize) -> Result<Self, LaplaceError> {
        check_range("max_pairs", value as f64, value > 0, "at least 1")?;
        self.max_pairs = Some(value);
        Ok(self)
    }

    /// The limit, if there is one.
    pub fn max_pairs(&self) -> Option<usize> {
        self.max_pairs
    }
}

/// Exponentially forgetting sum of the steps' curvature.
#[derive(Debug, Clone)]
pub struct OnlineCurvature {
    config: OnlineConfig,
    estimate: DiagonalCurvature,
}

impl OnlineCurvature {
    /// `H₀ = init` for a head `[outputs, features]`.
    pub fn new(config: OnlineConfig, outputs: usize, features: usize, device: &Device) -> Self {
        let estimate = DiagonalCurvature::constant(outputs, features, config.init, device);
        Self { config, estimate }
    }

    /// Goes on from a stored estimate.
    pub fn resume(config: OnlineConfig, estimate: DiagonalCurvature) -> Self {
        Self { config, estimate }
    }

    /// The current estimate `H`, nowhere negative once it was updated.
    pub fn estimate(&self) -> &DiagonalCurvature {
        &self.estimate
    }

    /// Takes in one step:
    /// ```text
    /// H ← m·H + relu(step · scale / min(n, max_pairs))
    /// ```
    /// `step` is the sum over the batch's pairs and `triplets` (`n`, shape `[1]`) the number of mined triplets; it is
    /// not fetched from the device. If pairs were drawn ([`subsample_pairs`](crate::curvature::subsample_pairs)), the
    /// divisor is the number drawn; if all were used (the rule), leave `max_pairs` unset: the estimate is then the
    /// expectation of the sampled one. A step without triplets contributes nothing, and the memory still decays.
    pub fn update(&mut self, step: DiagonalCurvature, triplets: Tensor<1>) {
        let mut divisor = triplets.without_autodiff().clamp_min(1.0);
        if let Some(limit) = self.config.max_pairs {
            divisor = divisor.clamp_max(limit as f64);
        }
        let factor = divisor.recip() * self.config.scale;
        let kept = self.estimate.clone().scale(self.config.memory_factor);
        self.estimate = kept.merge(step.scale_by(factor).clamp());
    }
}
