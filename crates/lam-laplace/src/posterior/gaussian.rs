//! What every posterior over a head's weights can do.

use std::fmt::Debug;
use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use lam_model::head::{HeadWeights, LayerWeights, PerLayer};
use rand::Rng;

use super::{HostNoise, Noise, Spread, WeightSamples};
use crate::LaplaceError;
use crate::predictive::OutputMoments;
use crate::prior::{Evidence, Optimum};
use crate::spectrum::host;

/// A Gaussian over all weights of a head, with precision `(H + λ I) / T`: `H` the curvature, its negative eigenvalues
/// as 0, in one of several structures; `λ` the prior's precision; `T` the temperature, 1 unless set.
pub trait Posterior: Debug + Send {
    /// The mean, as given: with the gradients it carries.
    fn mean(&self) -> &HeadWeights;

    /// `samples` draws of all weights. Gradients flow to the mean only.
    fn draw(&self, samples: NonZeroUsize, noise: &mut dyn Noise) -> WeightSamples;

    /// [`draw`](Self::draw) with the same noise from `rng` on every device.
    fn sample(&self, samples: NonZeroUsize, rng: &mut dyn Rng) -> WeightSamples {
        self.draw(samples, &mut HostNoise(rng))
    }

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

    /// Mean and largest standard deviation over all weights and biases. Two numbers are read from the device.
    fn summary(&self) -> DeviationSummary {
        let all = flat(&self.deviations());
        let values = host(Tensor::cat(vec![all.clone().mean(), all.max()], 0));
        DeviationSummary {
            mean: values.first().copied().unwrap_or_default(),
            largest: values.last().copied().unwrap_or_default(),
        }
    }

    /// How large the weights and their curvature are.
    ///
    /// # Errors
    /// As [`evidence`](Self::evidence).
    fn magnitudes(&self) -> Result<Magnitudes, LaplaceError> {
        let evidence = self.evidence()?;
        Ok(Magnitudes {
            weight_rms: evidence.mean_square().sqrt(),
            mean_curvature: evidence.mean_curvature(),
        })
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

/// What the prior's precision is to be compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Magnitudes {
    /// Root mean square of the mean weights.
    pub weight_rms: f64,
    /// Mean eigenvalue of the curvature, those below 0 as 0.
    pub mean_curvature: f64,
}

/// All weights and biases in one row, `[P]`, without gradient.
pub(super) fn flat(layers: &PerLayer<LayerWeights>) -> Tensor<1> {
    let parts = layers
        .iter()
        .flat_map(|layer| [layer.weight.clone().flatten(0, 1), layer.bias.clone()]);
    Tensor::cat(parts.map(Tensor::without_autodiff).collect(), 0)
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
