//! From curvature to posterior to predictions, as configured; the same during training and after it.

use std::num::NonZeroUsize;

use burn::tensor::TensorData;
use lam_laplace::posterior::Posterior;
use lam_model::{Encoder, ModelError, StateDict};
use rand_chacha::ChaCha12Rng;

use super::super::Predict;
use super::predictor::PosteriorPredictor;
use crate::TrainError;
use crate::config::{Config, Predictive, Uncertainty};

/// Name of the temperature in a checkpoint.
pub(crate) const TEMPERATURE: &str = "posterior.temperature";

/// How a posterior is made and used.
pub(super) struct PosteriorRule {
    pub(super) prior_precision: f64,
    predictive: Predictive,
    uncertainty: Uncertainty,
    /// Factor on the posterior's covariance in predictions; training knows none.
    pub(super) temperature: f32,
}

/// Weight samples; none of them makes no sense.
pub(super) fn sample_count(samples: usize) -> NonZeroUsize {
    NonZeroUsize::new(samples).unwrap_or(NonZeroUsize::MIN)
}

impl PosteriorRule {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            prior_precision: config.prior_prec,
            predictive: config.predictive,
            uncertainty: config.uncertainty,
            temperature: 1.0,
        }
    }

    /// Predictions with an encoder and the posterior of its head, without gradients, `samples` weight samples drawn once.
    pub(super) fn predictor(
        &self,
        encoder: Encoder,
        mut posterior: Box<dyn Posterior>,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError> {
        posterior.set_temperature(f64::from(self.temperature))?;
        Ok(Box::new(PosteriorPredictor::new(
            encoder,
            posterior,
            self.predictive,
            self.uncertainty,
            sample_count(samples),
            generator,
        )?))
    }

    /// Numbers that describe a posterior, for the log.
    pub(super) fn summary(posterior: &dyn Posterior) -> Vec<(&'static str, f64)> {
        let spread = posterior.summary();
        let mut numbers = vec![
            ("sigma_mean", spread.mean),
            ("sigma_max", spread.largest),
            ("prior_prec", posterior.prior_precision()),
        ];
        if let Ok(magnitudes) = posterior.magnitudes() {
            numbers.push(("weight_rms", magnitudes.weight_rms));
            numbers.push(("hessian_mean", magnitudes.mean_curvature));
        }
        numbers
    }

    /// Stores what was learnt besides the curvature.
    pub(super) fn write(&self, tensors: &mut StateDict) {
        let data = TensorData::new(vec![self.temperature], [1]);
        tensors.insert(TEMPERATURE.to_owned(), data);
    }

    /// Takes back what [`write`](Self::write) stored; a file without it has temperature 1.
    pub(super) fn read(&mut self, tensors: &StateDict) -> Result<(), TrainError> {
        let Some(data) = tensors.get(TEMPERATURE) else {
            self.temperature = 1.0;
            return Ok(());
        };
        let stored: Vec<f32> = data.iter::<f32>().collect();
        match stored.as_slice() {
            [t] if t.is_finite() && *t > 0.0 => {
                self.temperature = *t;
                Ok(())
            }
            other => Err(ModelError::StateMismatch(vec![format!(
                "{TEMPERATURE} is {other:?}, expected one positive number"
            )])
            .into()),
        }
    }
}
