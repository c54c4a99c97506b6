//! From curvature to standard deviation.

use burn::tensor::Tensor;

use crate::LaplaceError;
use crate::error::check_range;

/// Added to `√(h + λ)`, so that no deviation is infinite.
const DEVIATION_GUARD: f64 = 1e-6;

/// `σ = √T / (√(relu(h) + λ) + 1e-6)`, for curvature `h`, the prior's precision `λ` and the temperature `T`, which
/// multiplies the covariance. Always finite and above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    prior_precision: f64,
    temperature: f64,
}

impl Spread {
    /// At temperature 1.
    ///
    /// # Errors
    /// As [`with_prior_precision`](Self::with_prior_precision).
    pub fn new(prior_precision: f64) -> Result<Self, LaplaceError> {
        let spread = Self {
            prior_precision: 0.0,
            temperature: 1.0,
        };
        spread.with_prior_precision(prior_precision)
    }

    /// `λ`.
    pub fn prior_precision(&self) -> f64 {
        self.prior_precision
    }

    /// `T`.
    pub fn temperature(&self) -> f64 {
        self.temperature
    }

    /// With another `λ`.
    ///
    /// # Errors
    /// [`LaplaceError::OutOfRange`] if it is negative or not finite.
    pub fn with_prior_precision(mut self, value: f64) -> Result<Self, LaplaceError> {
        let valid = value.is_finite() && value >= 0.0;
        self.prior_precision =
            check_range("prior_prec", value, valid, "a finite number, at least 0")?;
        Ok(self)
    }

    /// With another `T`.
    ///
    /// # Errors
    /// [`LaplaceError::OutOfRange`] if it is not from 1e-30 to 1e30.
    pub fn with_temperature(mut self, value: f64) -> Result<Self, LaplaceError> {
        let valid = (1e-30..=1e30).contains(&value);
        self.temperature = check_range("temperature", value, valid, "a number from 1e-30 to 1e30")?;
        Ok(self)
    }

    /// Of one eigenvalue.
    pub(super) fn deviation(&self, curvature: f64) -> f64 {
        // The precision is kept below infinity so that σ stays above 0.
        let precision = (curvature.max(0.0) + self.prior_precision).min(f64::from(f32::MAX));
        self.temperature.sqrt() / (precision.sqrt() + DEVIATION_GUARD)
    }

    /// Of every entry of a diagonal.
    pub(super) fn deviations<const R: usize>(&self, curvature: Tensor<R>) -> Tensor<R> {
        let precision = curvature.clamp_min(0.0) + self.prior_precision;
        let deviation = (precision.clamp_max(f32::MAX).sqrt() + DEVIATION_GUARD).recip();
        if self.temperature == 1.0 {
            deviation
        } else {
            deviation * self.temperature.sqrt()
        }
    }
}
