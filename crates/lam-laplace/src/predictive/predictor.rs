//! From features to embeddings with uncertainty, either way.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use rand::Rng;

use super::{Embedding, OutputMoments, direction_moments, summarise};
use crate::LaplaceError;
use crate::posterior::{Posterior, WeightSamples};

/// How the predictive distribution is obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Predictive {
    /// By weight samples, as in the paper.
    Sampled,
    /// By moments, without randomness.
    Analytic,
}

/// A predictive distribution ready for use: samples, if any, were drawn once and serve every batch.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one exists per evaluation")]
pub enum Predictor {
    /// See [`summarise`].
    Sampled(WeightSamples),
    /// See [`analytic_embedding`].
    Analytic(Box<dyn OutputMoments>),
}

impl Predictor {
    /// For a posterior; `samples` and `rng` serve [`Predictive::Sampled`] only.
    ///
    /// # Errors
    /// [`LaplaceError::NoClosedForm`] for [`Predictive::Analytic`] where the posterior's outputs are not independent
    /// Gaussians.
    pub fn new(
        predictive: Predictive,
        posterior: &dyn Posterior,
        samples: NonZeroUsize,
        rng: &mut dyn Rng,
    ) -> Result<Self, LaplaceError> {
        match predictive {
            Predictive::Sampled => Ok(Self::Sampled(posterior.sample(samples, rng))),
            Predictive::Analytic => posterior
                .moments()
                .map(Self::Analytic)
                .ok_or(LaplaceError::NoClosedForm),
        }
    }

    /// Embeddings of a batch of features `[B, F]`.
    pub fn predict(&self, features: Tensor<2>) -> Embedding {
        match self {
            Self::Sampled(samples) => summarise(samples.embeddings(features)),
            Self::Analytic(moments) => analytic_embedding(moments.as_ref(), features),
        }
    }
}

/// Mean direction and spread of `u = z / |z|`: the posterior's outputs through [`direction_moments`].
///
/// # Shapes
/// `features`: `[B, F]`.
pub fn analytic_embedding(moments: &dyn OutputMoments, features: Tensor<2>) -> Embedding {
    direction_moments(moments.outputs(features))
}
