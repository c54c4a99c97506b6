//! The values a parameter may take, and their places for the search.

use crate::config::{Scalar, classify, write_float};

/// Most values of one parameter that a grid is made of.
const MOST_STEPS: f64 = 100_000.0;

/// A key of the configuration and what it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The key.
    pub key: &'static str,
    /// Line of the sweep's file.
    pub line: usize,
    /// Its values.
    pub domain: Domain,
}

/// Values. The search knows each by a number, its coordinate: the value itself, or the index of a category.
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// One value, as written in a configuration.
    Fixed(String),
    /// Values without order.
    Categorical {
        /// As written in a configuration.
        values: Vec<String>,
        /// Probability of each; they add up to 1.
        weights: Vec<f64>,
    },
    /// Numbers.
    Numeric(Numeric),
}

/// An interval of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numeric {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Whether equal ratios count alike, instead of equal differences.
    pub log: bool,
    /// Only multiples of it; 1 for whole numbers.
    pub step: Option<f64>,
}

impl Numeric {
    /// The nearest value that is allowed.
    pub fn nearest(&self, x: f64) -> f64 {
        let stepped = match self.step {
            Some(step) => {
                // The outermost multiples inside, so that rounding cannot leave the interval.
                let (first, last) = self.steps(step);
                decimal((x / step).round().clamp(first, last) * step)
            }
            None => x,
        };
        stepped.clamp(self.min, self.max)
    }

    fn steps(&self, step: f64) -> (f64, f64) {
        let first = (self.min / step - 1e-9).ceil();
        (first, (self.max / step + 1e-9).floor().max(first))
    }

    /// The interval on the scale on which the search works, widened by half a step for stepped values, so that the
    /// outermost are as likely as the others.
    pub(super) fn inner_range(&self) -> (f64, f64) {
        let half = self.step.unwrap_or(0.0) / 2.0;
        let low = if self.log {
            // Half a step may lie at or below zero.
            (self.min - half).max(self.min / 2.0)
        } else {
            self.min - half
        };
        (self.to_inner(low), self.to_inner(self.max + half))
    }

    pub(super) fn to_inner(self, x: f64) -> f64 {
        if self.log { x.ln() } else { x }
    }

    pub(super) fn of_inner(self, x: f64) -> f64 {
        self.nearest(if self.log { x.exp() } else { x })
    }
}

/// Without the dust of a product such as 3 · 0.1.
fn decimal(x: f64) -> f64 {
    format!("{x:.12e}").parse().unwrap_or(x)
}

impl Domain {
    /// A coordinate as written in a configuration.
    pub fn text(&self, coordinate: f64) -> String {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Categorical { values, .. } => {
                let index = (coordinate.max(0.0) as usize).min(values.len().saturating_sub(1));
                values.get(index).cloned().unwrap_or_default()
            }
            Self::Numeric(numeric) if numeric.step.is_some() && coordinate.fract() == 0.0 => {
                format!("{coordinate:.0}")
            }
            Self::Numeric(_) => write_float(coordinate),
        }
    }

    /// The coordinate of a text that [`Domain::text`] wrote.
    pub fn coordinate(&self, text: &str) -> Option<f64> {
        match self {
            Self::Fixed(value) => (value == text).then_some(0.0),
            Self::Categorical { values, .. } => {
                let index = values.iter().position(|value| value == text)?;
                Some(index as f64)
            }
            Self::Numeric(_) => match classify(text) {
                Scalar::Int(value) => Some(value as f64),
                Scalar::Float(value) => Some(value),
                _ => None,
            },
        }
    }

    /// Every value, for a grid; none where there are too many to count.
    pub fn all(&self) -> Option<Vec<f64>> {
        match self {
            Self::Fixed(_) => Some(vec![0.0]),
            Self::Categorical { values, .. } => Some((0..values.len()).map(|i| i as f64).collect()),
            Self::Numeric(numeric) => {
                let step = numeric.step?;
                let (first, last) = numeric.steps(step);
                let count = last - first;
                (count < MOST_STEPS).then(|| {
                    (0..=count as usize)
                        .map(|i| numeric.nearest((first + i as f64) * step))
                        .collect()
                })
            }
        }
    }
}
