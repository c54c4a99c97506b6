//! A Gaussian with independent weights.

use std::num::NonZeroUsize;

use burn::tensor::{Tensor, TensorData};
use rand::Rng;

use super::WeightSamples;
use super::noise::standard_normal;
use crate::LaplaceError;
use crate::curvature::DiagonalCurvature;
use crate::error::check_range;

/// Added to `√(h + λ)`, so that no deviation is infinite.
const DEVIATION_GUARD: f64 = 1e-6;

/// `N(μ, diag(σ²))` with `σ = 1 / (√(relu(h) + λ) + 1e-6)`, `h` the curvature and `λ` the prior's precision.
#[derive(Debug, Clone)]
pub struct DiagonalPosterior {
    weight: Tensor<2>,
    bias: Tensor<1>,
    weight_deviation: Tensor<2>,
    bias_deviation: Tensor<1>,
}

impl DiagonalPosterior {
    /// Around the head's weight `[D, F]` and bias `[D]`, with curvature of the same shape.
    ///
    /// # Errors
    /// If the prior's precision is negative or not finite, or the shapes do not belong together.
    pub fn new(
        weight: Tensor<2>,
        bias: Tensor<1>,
        curvature: &DiagonalCurvature,
        prior_precision: f64,
    ) -> Result<Self, LaplaceError> {
        let valid = prior_precision.is_finite() && prior_precision >= 0.0;
        check_range(
            "prior_prec",
            prior_precision,
            valid,
            "a finite number, at least 0",
        )?;
        if weight.dims()[0] != bias.dims()[0] {
            return Err(LaplaceError::Shape {
                weight: weight.dims(),
                bias: bias.dims(),
            });
        }
        if curvature.dims() != weight.dims() {
            return Err(LaplaceError::OtherHead {
                curvature: curvature.dims(),
                head: weight.dims(),
            });
        }
        Ok(Self {
            weight,
            bias,
            weight_deviation: deviation(curvature.weight(), prior_precision),
            bias_deviation: deviation(curvature.bias(), prior_precision),
        })
    }

    /// With the covariance multiplied by `temperature`.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn with_temperature(mut self, temperature: f64) -> Result<Self, LaplaceError> {
        let valid = temperature.is_finite() && temperature > 0.0;
        check_range(
            "temperature",
            temperature,
            valid,
            "a finite number greater than 0",
        )?;
        let factor = temperature.sqrt();
        self.weight_deviation = self.weight_deviation * factor;
        self.bias_deviation = self.bias_deviation * factor;
        Ok(self)
    }

    /// Mean of the weight, `[D, F]`, as given.
    pub fn weight(&self) -> Tensor<2> {
        self.weight.clone()
    }

    /// Mean of the bias, `[D]`, as given.
    pub fn bias(&self) -> Tensor<1> {
        self.bias.clone()
    }

    /// `σ` of the weight, `[D, F]`, without gradient.
    pub fn weight_deviation(&self) -> Tensor<2> {
        self.weight_deviation.clone()
    }

    /// `σ` of the bias, `[D]`, without gradient.
    pub fn bias_deviation(&self) -> Tensor<1> {
        self.bias_deviation.clone()
    }

    /// `samples` draws `w = μ + σ ⊙ ε`, the noise `ε` from `rng`. Gradients flow to the mean only.
    pub fn sample(&self, samples: NonZeroUsize, rng: &mut impl Rng) -> WeightSamples {
        let samples = samples.get();
        let [outputs, size] = self.weight.dims();
        let device = self.weight_deviation.device();
        let mut draw = |count: usize| standard_normal(count, rng);
        let weight_noise =
            TensorData::new(draw(samples * outputs * size), [samples, outputs, size]);
        let bias_noise = TensorData::new(draw(samples * outputs), [samples, outputs]);
        let options = (&device, self.weight_deviation.dtype());
        let weight_noise = Tensor::<3>::from_data(weight_noise, options);
        let bias_noise = Tensor::<2>::from_data(bias_noise, options);
        WeightSamples {
            weight: self.weight.clone().unsqueeze()
                + weight_noise * self.weight_deviation.clone().unsqueeze(),
            bias: self.bias.clone().unsqueeze()
                + bias_noise * self.bias_deviation.clone().unsqueeze(),
        }
    }
}

/// `1 / (√(relu(h) + λ) + 1e-6)`; the precision is kept below infinity so that `σ` stays above 0.
fn deviation<const R: usize>(curvature: Tensor<R>, prior_precision: f64) -> Tensor<R> {
    let precision = curvature.clamp_min(0.0) + prior_precision;
    (precision.clamp_max(f32::MAX).sqrt() + DEVIATION_GUARD).recip()
}
