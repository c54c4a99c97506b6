//! The next point to try.

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::domain::Domain;
use super::spec::SearchMethod;
use super::tpe;
use crate::randomness::{Purpose, Randomness};

/// Most points of a grid.
const MOST_POINTS: usize = 1_000_000;

/// A point that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// A coordinate per parameter.
    pub coordinates: Vec<f64>,
    /// How bad it was; infinite for one that failed.
    pub badness: f64,
}

/// The coordinates of trial `index`, a pure function of its arguments: the same seed and results give the same trials.
/// None when a grid is exhausted.
pub fn suggest(
    method: SearchMethod,
    domains: &[&Domain],
    seed: u64,
    index: usize,
    tried: &[Observed],
) -> Option<Vec<f64>> {
    let mut generator = Randomness::new(seed).generator(Purpose::Search, index as u64);
    match method {
        SearchMethod::Grid => grid_point(domains, index),
        SearchMethod::Random => Some(random_point(domains, &mut generator)),
        SearchMethod::Bayes => Some(tpe::suggest(domains, tried, &mut generator)),
    }
}

/// How many points a grid has; none where a parameter has no end of values or they are too many.
pub fn grid_size(domains: &[&Domain]) -> Option<usize> {
    domains
        .iter()
        .try_fold(1usize, |product, domain| {
            product.checked_mul(domain.all()?.len())
        })
        .filter(|&size| size <= MOST_POINTS)
}

/// The last parameter changes fastest.
fn grid_point(domains: &[&Domain], index: usize) -> Option<Vec<f64>> {
    if index >= grid_size(domains)? {
        return None;
    }
    let mut rest = index;
    let mut point = Vec::with_capacity(domains.len());
    for domain in domains.iter().rev() {
        let values = domain.all()?;
        point.push(*values.get(rest % values.len())?);
        rest /= values.len();
    }
    point.reverse();
    Some(point)
}

/// Each parameter by its distribution, independent of the others.
pub(super) fn random_point(domains: &[&Domain], generator: &mut ChaCha12Rng) -> Vec<f64> {
    domains
        .iter()
        .map(|domain| match domain {
            Domain::Fixed(_) => 0.0,
            Domain::Categorical { weights, .. } => weighted(weights, generator) as f64,
            Domain::Numeric(numeric) => {
                let (low, high) = numeric.inner_range();
                numeric.of_inner(low + (high - low) * generator.random::<f64>())
            }
        })
        .collect()
}

/// An index with the given probabilities.
pub(super) fn weighted(weights: &[f64], generator: &mut ChaCha12Rng) -> usize {
    let mut left = generator.random::<f64>() * weights.iter().sum::<f64>();
    for (index, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return index;
        }
    }
    weights.len().saturating_sub(1)
}
