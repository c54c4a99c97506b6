//! From curvature to posterior to predictions, as configured; the same during training and after it.

use std::num::NonZeroUsize;

use burn::tensor::TensorData;
use lam_laplace::curvature::DiagonalCurvature;
use lam_laplace::posterior::DiagonalPosterior;
use lam_model::head::LinearHead;
use lam_model::{Encoder, ModelError, StateDict};
use rand_chacha::ChaCha12Rng;

use super::super::Predict;
use super::super::parts::host_values;
use super::predictor::PosteriorPredictor;
use crate::TrainError;
use crate::config::{Config, Predictive};

/// Name of the temperature in a checkpoint.
const TEMPERATURE: &str = "posterior.temperature";

/// How a curvature becomes a posterior.
pub(super) struct PosteriorRule {
    prior_precision: f64,
    predictive: Predictive,
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
            temperature: 1.0,
        }
    }

    /// The posterior around the head's weights, without temperature. The mean carries gradients if the head does.
    pub(super) fn posterior(
        &self,
        head: &LinearHead,
        curvature: &DiagonalCurvature,
    ) -> Result<DiagonalPosterior, TrainError> {
        let (weight, bias) = (head.weight.val(), head.bias.val());
        Ok(DiagonalPosterior::new(
            weight,
            bias,
            curvature,
            self.prior_precision,
        )?)
    }

    /// Predictions of an encoder without gradients, `samples` weight samples drawn once.
    pub(super) fn predictor(
        &self,
        encoder: Encoder,
        curvature: &DiagonalCurvature,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError> {
        let posterior = self
            .posterior(&encoder.head, curvature)?
            .with_temperature(f64::from(self.temperature))?;
        Ok(Box::new(PosteriorPredictor::new(
            encoder.backbone,
            posterior,
            self.predictive,
            sample_count(samples),
            generator,
        )))
    }

    /// Numbers that describe the posterior, for the log.
    pub(super) fn summary(
        &self,
        head: &LinearHead,
        curvature: &DiagonalCurvature,
    ) -> Vec<(&'static str, f64)> {
        let Ok(posterior) = self.posterior(head, curvature) else {
            return Vec::new();
        };
        let deviations = host_values(posterior.weight_deviation());
        let weights = host_values(posterior.weight());
        let mean = |values: &[f32], f: fn(f64) -> f64| {
            values.iter().map(|&v| f(f64::from(v))).sum::<f64>() / values.len().max(1) as f64
        };
        let largest = |m: f64, &v: &f32| m.max(f64::from(v));
        let curvature = host_values(curvature.weight());
        vec![
            ("sigma_mean", mean(&deviations, |v| v)),
            ("sigma_max", deviations.iter().fold(0.0, largest)),
            ("weight_rms", mean(&weights, |v| v * v).sqrt()),
            ("hessian_mean", mean(&curvature, |v| v)),
        ]
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
