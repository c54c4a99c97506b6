//! The precision of the prior, by the marginal likelihood.
//!
//! With the curvature's eigenvalues `h_i` (of the diagonal they are its entries), the mean `μ` of the `P` weights and
//! a prior `N(0, λ⁻¹ I)`, the logarithm of the marginal likelihood is, up to what does not depend on `λ`,
//! ```text
//! ℓ(λ) = −½ [Σ_i log(h_i + λ) − P log λ + λ|μ|²]
//! ```
//! In `t = log λ` its slope is `½ [Σ_i h_i/(h_i + λ) − λ|μ|²]`: the first term is the number of weights that the data
//! determine and falls with `λ`, the second rises. So there is one maximum, where the two meet (MacKay, "Bayesian
//! Interpolation", 1992, equation 4.9), and it can be found to the last digit.

use crate::LaplaceError;
use crate::error::check_range;

/// Smallest precision that [`Evidence::optimum`] answers.
pub const SMALLEST_PRECISION: f64 = 1e-10;
/// Largest precision that [`Evidence::optimum`] answers.
pub const LARGEST_PRECISION: f64 = 1e20;

/// Change of `log λ` at which the search ends.
const CONVERGED: f64 = 1e-14;
/// Steps of the search; halving the whole interval to a double's resolution takes fewer.
const MOST_STEPS: usize = 200;

/// What the marginal likelihood depends on: curvature and length of the mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    eigenvalues: Vec<f64>,
    squared_norm: f64,
}

/// Where the marginal likelihood is largest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimum {
    /// At this precision.
    Inside(f64),
    /// There is no curvature, but a mean away from 0: the wider the prior the better, down to [`SMALLEST_PRECISION`].
    Smallest,
    /// The mean is (nearly) 0 although there is curvature: the narrower the prior the better, up to
    /// [`LARGEST_PRECISION`].
    Largest,
    /// Neither curvature nor mean: every precision is as good as any other, and the old one stays.
    Undetermined,
}

impl Optimum {
    /// The precision to use in place of `current`.
    pub fn precision(self, current: f64) -> f64 {
        match self {
            Self::Inside(precision) => precision,
            Self::Smallest => SMALLEST_PRECISION,
            Self::Largest => LARGEST_PRECISION,
            Self::Undetermined => current,
        }
    }
}

impl Evidence {
    /// From all `P` eigenvalues of the curvature, multiple ones as often as they occur, and `|μ|²`. Negative
    /// eigenvalues count as 0, as they do in the posterior.
    ///
    /// # Errors
    /// [`LaplaceError::OutOfRange`] if a number is infinite or none, or `|μ|²` negative.
    pub fn new(mut eigenvalues: Vec<f64>, squared_norm: f64) -> Result<Self, LaplaceError> {
        for value in &mut eigenvalues {
            check_range("curvature", *value, value.is_finite(), "a finite number")?;
            *value = value.max(0.0);
        }
        let valid = squared_norm.is_finite() && squared_norm >= 0.0;
        check_range(
            "squared length of the mean weights",
            squared_norm,
            valid,
            "a finite number, at least 0",
        )?;
        Ok(Self {
            eigenvalues,
            squared_norm,
        })
    }

    /// Mean of the eigenvalues; 0 for none.
    pub fn mean_curvature(&self) -> f64 {
        self.eigenvalues.iter().sum::<f64>() / self.eigenvalues.len().max(1) as f64
    }

    /// `|μ|²/P`; 0 where there are no weights.
    pub fn mean_square(&self) -> f64 {
        self.squared_norm / self.eigenvalues.len().max(1) as f64
    }

    /// `ℓ(λ)` of the module, for `λ > 0`.
    pub fn log_marginal_likelihood(&self, precision: f64) -> f64 {
        // log(h + λ) − log λ, without the difference of two large numbers.
        let volume: f64 = self
            .eigenvalues
            .iter()
            .map(|h| (h / precision).ln_1p())
            .sum();
        -0.5 * (volume + precision * self.squared_norm)
    }

    /// The `λ` that maximises [`log_marginal_likelihood`](Self::log_marginal_likelihood), to the precision of a
    /// double; by Newton's method on `log λ`, kept inside a shrinking interval.
    pub fn optimum(&self) -> Optimum {
        let curved = self.eigenvalues.iter().any(|&h| h > 0.0);
        match (curved, self.squared_norm > 0.0) {
            (false, false) => return Optimum::Undetermined,
            (false, true) => return Optimum::Smallest,
            (true, false) => return Optimum::Largest,
            (true, true) => {}
        }
        let (mut low, mut high) = (SMALLEST_PRECISION.ln(), LARGEST_PRECISION.ln());
        if self.imbalance(low).0 <= 0.0 {
            return Optimum::Smallest;
        }
        if self.imbalance(high).0 >= 0.0 {
            return Optimum::Largest;
        }
        let mut at = 0.0_f64;
        for _ in 0..MOST_STEPS {
            let (value, slope) = self.imbalance(at);
            if value > 0.0 {
                low = at;
            } else {
                high = at;
            }
            let newton = at - value / slope;
            let next = if newton > low && newton < high {
                newton
            } else {
                0.5 * (low + high)
            };
            let change = (next - at).abs();
            at = next;
            if change <= CONVERGED * at.abs().max(1.0) {
                break;
            }
        }
        Optimum::Inside(at.exp())
    }

    /// `log(Σ h/(h + λ)) − log(λ|μ|²)` at `t = log λ`, which is 0 at the maximum and falls nearly linearly in `t`; and
    /// its derivative by `t`, at most −1.
    fn imbalance(&self, t: f64) -> (f64, f64) {
        let precision = t.exp();
        let (mut determined, mut change) = (0.0, 0.0);
        for h in &self.eigenvalues {
            let share = h / (h + precision);
            determined += share;
            change += share * precision / (h + precision);
        }
        (
            determined.ln() - t - self.squared_norm.ln(),
            -change / determined - 1.0,
        )
    }
}
