//! What every posterior over a head's weights can do.

use std::fmt::Debug;
use std::num::NonZeroUsize;

use lam_model::head::{HeadWeights, LayerWeights, PerLayer};
use rand::Rng;

use super::{Spread, WeightSamples};
use crate::LaplaceError;
use crate::predictive::OutputMoments;
use crate::prior::{Evidence, Optimum};
use crate::spectrum::host;

/// A Gaussian over all weights of a head, with precision `(H + λ I) / T`: `H` the curvature, its negative eigenvalues
/// as 0, in one of several structures; `λ` the prior's precision; `T` the temperature, 1 unless set.
pub trait Posterior: Debug + Send {
    /// The mean, as given: with the gradients it carries.
    fn mean(&self) -> &HeadWeights;

    /// `samples` draws of all weights, the noise from `rng`. Gradients flow to the mean only.
    fn sample(&self, samples: NonZeroUsize, rng: &mut dyn Rng) -> WeightSamples;

    /// Standard deviation of every weight by itself, without gradient.
    fn deviations(&self) -> PerLayer<LayerWeights>;

    /// What the marginal likelihood of the prior's precision depends on.
    ///
    /// # Errors
    /// [`LaplaceError::OutOfRange`] if curvature or mean are not finite.
    fn evidence(&self) -> Result<Evidence, LaplaceError>;

    /// The prior's precision `λ` and the temperature `T`.
    fn spread(&self) -> Spread;

    /// Replaces both.
    fn set_spread(&mut self, spread: Spread);

    /// The outputs `z` in closed form, where the posterior makes them independent Gaussians.
    fn moments(&self) -> Option<Box<dyn OutputMoments>>;

    /// A copy.
    fn boxed(&self) -> Box<dyn Posterior>;

    /// `λ`.
    fn prior_precision(&self) -> f64 {
        self.spread().prior_precision()
    }

    /// Replaces `λ`.
    ///
    /// # Errors
    /// [`LaplaceError::OutOfRange`] if it is negative or not finite.
    fn set_prior_precision(&mut self, value: f64) -> Result<(), LaplaceError> {
        self.set_spread(self.spread().with_prior_precision(value)?);
        Ok(())
    }

    /// `T`, by which the covariance is multiplied.
    fn temperature(&self) -> f64 {
        self.spread().temperature()
    }

    /// Replaces `T`.
    ///
    /// # Errors
    /// [`LaplaceError::OutOfRange`] if it is not from 1e-30 to 1e30.
    fn set_temperature(&mut self, value: f64) -> Result<(), LaplaceError> {
        self.set_spread(self.spread().with_temperature(value)?);
        Ok(())
    }

    /// This posterior with temperature `T`.
    ///
    /// # Errors
    /// As [`set_temperature`](Self::set_temperature).
    fn with_temperature(mut self, value: f64) -> Result<Self, LaplaceError>
    where
        Self: Sized,
    {
        self.set_temperature(value)?;
        Ok(self)
    }

    /// Sets `λ` to where the marginal likelihood is largest, and says where that is.
    ///
    /// # Errors
    /// As [`evidence`](Self::evidence).
    fn optimize_prior_precision(&mut self) -> Result<Optimum, LaplaceError> {
        let optimum = self.evidence()?.optimum();
        self.set_prior_precision(optimum.precision(self.prior_precision()))?;
        Ok(optimum)
    }

    /// Mean and largest standard deviation over all weights and biases.
    fn summary(&self) -> DeviationSummary {
        let mut summary = DeviationSummary::default();
        let mut count = 0_usize;
        for layer in self.deviations().iter() {
            for part in [host(layer.weight.clone()), host(layer.bias.clone())] {
                count += part.len();
                summary.mean += part.iter().sum::<f64>();
                summary.largest = part.iter().copied().fold(summary.largest, f64::max);
            }
        }
        summary.mean /= count.max(1) as f64;
        summary
    }
}

/// How wide a posterior is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DeviationSummary {
    /// Mean of the weights' standard deviations.
    pub mean: f64,
    /// The largest of them.
    pub largest: f64,
}

/// `|μ|²` over all weights.
pub(super) fn squared_norm(mean: &HeadWeights) -> f64 {
    let square = |values: Vec<f64>| values.iter().map(|v| v * v).sum::<f64>();
    mean.layers
        .iter()
        .map(|layer| square(host(layer.weight.clone())) + square(host(layer.bias.clone())))
        .sum()
}

/// Sizes of a head's layers, for messages: `[6, 12], [4, 6]`.
pub(super) fn sizes(layers: &PerLayer<LayerWeights>) -> String {
    let sizes: Vec<String> = layers.iter().map(|l| format!("{:?}", l.dims())).collect();
    sizes.join(", ")
}

/// Refuses a mean whose weights and biases do not belong together.
pub(super) fn check_mean(mean: &HeadWeights) -> Result<(), LaplaceError> {
    match mean.layers.iter().find(|layer| !layer.is_consistent()) {
        Some(layer) => Err(LaplaceError::Shape {
            weight: layer.dims(),
            bias: layer.bias.dims(),
        }),
        None => Ok(()),
    }
}
