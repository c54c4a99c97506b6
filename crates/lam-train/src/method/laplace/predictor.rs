//! Embeddings under a posterior over the head's weights.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use lam_laplace::posterior::{DiagonalPosterior, WeightSamples};
use lam_laplace::predictive::{Outputs, analytic_embedding, direction_moments, summarise};
use lam_model::backbone::ConvNet;
use lam_model::head::linear;
use rand_chacha::ChaCha12Rng;

use super::super::parts::norms;
use super::super::{Embedded, Predict};
use crate::config::Predictive;

/// Embeds by weight samples drawn once; mean and spread from them or from moments.
pub(super) struct PosteriorPredictor {
    backbone: ConvNet,
    posterior: DiagonalPosterior,
    samples: WeightSamples,
    predictive: Predictive,
    /// Mean variance of a weight.
    mean_variance: Tensor<1>,
}

impl PosteriorPredictor {
    pub(super) fn new(
        backbone: ConvNet,
        posterior: DiagonalPosterior,
        predictive: Predictive,
        samples: NonZeroUsize,
        generator: &mut ChaCha12Rng,
    ) -> Self {
        Self {
            backbone,
            samples: posterior.sample(samples, generator),
            mean_variance: posterior.weight_deviation().square().mean(),
            posterior,
            predictive,
        }
    }

    /// Spread under the posterior without curvature: one variance for all weights, as large as the fitted ones are on
    /// average.
    fn isotropic(&self, features: Tensor<2>, feature_norm: Tensor<1>) -> Tensor<2> {
        let (weight, bias) = (self.posterior.weight(), self.posterior.bias());
        let mean = linear(features, weight, bias);
        let seen = feature_norm.square().add_scalar(1.0).unsqueeze_dim::<2>(1);
        let variance = seen * self.mean_variance.clone().unsqueeze();
        let variance = variance.expand(mean.dims());
        direction_moments(Outputs { mean, variance }).deviation
    }
}

impl Predict for PosteriorPredictor {
    fn embed(&self, images: Tensor<4>) -> Embedded {
        let features = self.backbone.forward(images);
        let samples = self.samples.embeddings(features.clone());
        let embedding = match self.predictive {
            Predictive::Analytic => analytic_embedding(&self.posterior, features.clone()),
            Predictive::Sampled => summarise(samples.clone()),
        };
        let feature_norm = norms(features.clone());
        Embedded {
            mean: embedding.mean,
            deviation: Some(embedding.deviation),
            samples: Some(samples),
            isotropic: Some(self.isotropic(features, feature_norm.clone())),
            feature_norm,
        }
    }
}
