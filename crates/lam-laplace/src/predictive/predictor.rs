//! From features to embeddings with uncertainty, either way.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use rand::Rng;

use super::{Embedding, analytic_embedding, summarise};
use crate::posterior::{DiagonalPosterior, WeightSamples};

/// How the predictive distribution is obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Predictive {
    /// By weight samples, as in the paper.
    Sampled,
    /// By moments, without randomness.
    Analytic,
}

/// A predictive distribution ready for use: samples, if any, were drawn once and serve every batch.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one exists per evaluation")]
pub enum Predictor {
    /// See [`summarise`].
    Sampled(WeightSamples),
    /// See [`analytic_embedding`].
    Analytic(DiagonalPosterior),
}

impl Predictor {
    /// For a posterior; `samples` and `rng` serve [`Predictive::Sampled`] only.
    pub fn new(
        predictive: Predictive,
        posterior: DiagonalPosterior,
        samples: NonZeroUsize,
        rng: &mut impl Rng,
    ) -> Self {
        match predictive {
            Predictive::Sampled => Self::Sampled(posterior.sample(samples, rng)),
            Predictive::Analytic => Self::Analytic(posterior),
        }
    }

    /// Embeddings of a batch of features `[B, F]`.
    pub fn predict(&self, features: Tensor<2>) -> Embedding {
        match self {
            Self::Sampled(samples) => summarise(samples.embeddings(features)),
            Self::Analytic(posterior) => analytic_embedding(posterior, features),
        }
    }
}
