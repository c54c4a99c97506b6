//! Embeddings under a posterior over the head's weights.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use lam_laplace::LaplaceError;
use lam_laplace::posterior::{Posterior, WeightSamples};
use lam_laplace::predictive::{
    OutputMoments, Outputs, analytic_embedding, direction_moments, directions, output_spread,
    summarise,
};
use lam_model::head::HeadWeights;
use lam_model::{Encoder, normalise};
use rand_chacha::ChaCha12Rng;

use super::super::parts::norms;
use super::super::{Embedded, Predict};
use crate::config::{Predictive, Uncertainty};

/// Embeds by weight samples drawn once; mean and spread from them or from moments.
pub(super) struct PosteriorPredictor {
    encoder: Encoder,
    mean: HeadWeights,
    samples: WeightSamples,
    /// Where the configuration asks for moments.
    moments: Option<Box<dyn OutputMoments>>,
    /// Mean variance of a weight.
    mean_variance: Tensor<1>,
    /// Whether embeddings stay where the mean of the weights puts them.
    centred: bool,
    /// Which spread is an image's uncertainty.
    uncertainty: Uncertainty,
}

impl PosteriorPredictor {
    /// # Errors
    /// [`LaplaceError::NoClosedForm`] where moments are asked for that the posterior does not have.
    pub(super) fn new(
        encoder: Encoder,
        posterior: Box<dyn Posterior>,
        predictive: Predictive,
        uncertainty: Uncertainty,
        samples: NonZeroUsize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Self, LaplaceError> {
        let moments = match predictive {
            Predictive::Sampled | Predictive::Centred => None,
            Predictive::Analytic => Some(posterior.moments().ok_or(LaplaceError::NoClosedForm)?),
        };
        Ok(Self {
            encoder,
            mean: posterior.mean().clone(),
            samples: posterior.sample(samples, generator),
            moments,
            centred: predictive == Predictive::Centred,
            uncertainty,
            mean_variance: posterior.deviations().last.weight.square().mean(),
        })
    }

    /// Spread under the posterior without curvature: one variance for all weights, as large as the fitted ones are on
    /// average. Of a head of several layers it has no closed form.
    fn isotropic(&self, features: Tensor<2>) -> Option<Tensor<2>> {
        if !self.mean.is_linear() {
            return None;
        }
        let squares: Tensor<2> = features.clone().square().sum_dim(1);
        let seen = squares.add_scalar(1.0);
        let mean = self.mean.forward(features);
        let variance = seen * self.mean_variance.clone().unsqueeze();
        let variance = variance.expand(mean.dims());
        Some(direction_moments(Outputs { mean, variance }).deviation)
    }
}

impl Predict for PosteriorPredictor {
    fn embed(&self, images: Tensor<4>) -> Embedded {
        let given = self.encoder.backbone.forward(images);
        let features = self.encoder.head.features(given.clone());
        let outputs = self.samples.outputs(features.clone());
        let output_spread = output_spread(outputs.clone());
        let samples = directions(outputs);
        let mut embedding = match &self.moments {
            Some(moments) => analytic_embedding(moments.as_ref(), features.clone()),
            None => summarise(samples.clone()),
        };
        if self.centred {
            embedding.mean = normalise(self.mean.forward(features.clone()));
        }
        let by_output = self.uncertainty == Uncertainty::Output;
        Embedded {
            mean: embedding.mean,
            deviation: Some(embedding.deviation),
            samples: Some(samples),
            isotropic: self.isotropic(features),
            feature_norm: norms(given),
            uncertainty: by_output.then(|| output_spread.clone()),
            output_spread: Some(output_spread),
        }
    }
}
