//! Bayesian search by the Tree-structured Parzen Estimator (Bergstra, Bardenet, Bengio and Kégl, "Algorithms for
//! Hyper-Parameter Optimization", NIPS 2011, section 4).
//!
//! The points tried are split in a good and a bad part. A density is fitted to each, `l` and `g`: of numbers a mixture of
//! normals truncated to the interval, one at each point and a wide one over all, as in the paper; of categories their
//! counts with the prior's weight. Of candidates drawn from `l` the one with the largest `l/g` is tried next, which is
//! the one of largest expected improvement (equation 6 there). Parameters are independent of each other.

use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use rand_distr::StandardNormal;

use super::domain::{Domain, Numeric};
use super::normal::cumulative;
use super::search::{Observed, random_point, weighted};

/// Points drawn at random before the first density is fitted.
const STARTUP: usize = 10;
/// Candidates drawn from the good density, per parameter.
const CANDIDATES: usize = 24;
/// Share of the points that count as good, and most of them.
const GOOD_SHARE: f64 = 0.15;
const MOST_GOOD: usize = 25;

/// The next point.
pub(super) fn suggest(
    domains: &[&Domain],
    tried: &[Observed],
    generator: &mut ChaCha12Rng,
) -> Vec<f64> {
    let random = random_point(domains, generator);
    let usable: Vec<&Observed> = tried
        .iter()
        .filter(|point| point.coordinates.len() == domains.len())
        .collect();
    if usable.len() < STARTUP {
        return random;
    }
    let (good, bad) = split(&usable);
    domains
        .iter()
        .enumerate()
        .map(|(at, domain)| {
            let of = |points: &[&Observed]| -> Vec<f64> {
                points.iter().map(|point| point.coordinates[at]).collect()
            };
            match domain {
                Domain::Fixed(_) => 0.0,
                Domain::Categorical { weights, .. } => {
                    category(weights, &of(&good), &of(&bad), generator)
                }
                Domain::Numeric(numeric) => number(*numeric, &of(&good), &of(&bad), generator),
            }
        })
        .collect()
}

/// The good points and the others; among equals the earlier is the better one.
fn split<'a>(tried: &[&'a Observed]) -> (Vec<&'a Observed>, Vec<&'a Observed>) {
    let mut order: Vec<usize> = (0..tried.len()).collect();
    // Not finite counts as worst.
    let badness = |i: usize| {
        let value = tried[i].badness;
        if value.is_nan() { f64::INFINITY } else { value }
    };
    order.sort_by(|&a, &b| badness(a).total_cmp(&badness(b)).then(a.cmp(&b)));
    let good = ((GOOD_SHARE * tried.len() as f64).ceil() as usize).clamp(1, MOST_GOOD);
    let pick = |indices: &[usize]| indices.iter().map(|&i| tried[i]).collect();
    let (first, rest) = order.split_at(good.min(order.len()));
    (pick(first), pick(rest))
}

fn category(prior: &[f64], good: &[f64], bad: &[f64], generator: &mut ChaCha12Rng) -> f64 {
    let density = |points: &[f64]| -> Vec<f64> {
        let mut weights: Vec<f64> = prior.iter().map(|p| p * prior.len() as f64).collect();
        for &point in points {
            if let Some(weight) = weights.get_mut(point as usize) {
                *weight += 1.0;
            }
        }
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    };
    let (good, bad) = (density(good), density(bad));
    let candidates = (0..CANDIDATES).map(|_| weighted(&good, generator));
    best(candidates.map(|index| (index as f64, good[index].ln() - bad[index].ln())))
}

fn number(numeric: Numeric, good: &[f64], bad: &[f64], generator: &mut ChaCha12Rng) -> f64 {
    let (good, bad) = (Parzen::fit(numeric, good), Parzen::fit(numeric, bad));
    let candidates = (0..CANDIDATES).map(|_| numeric.of_inner(good.draw(generator)));
    best(candidates.map(|x| (x, good.log_density(x) - bad.log_density(x))))
}

/// The first of those with the largest score.
fn best(candidates: impl Iterator<Item = (f64, f64)>) -> f64 {
    let mut found = (f64::NAN, f64::NEG_INFINITY);
    for candidate in candidates {
        if found.0.is_nan() || candidate.1 > found.1 {
            found = candidate;
        }
    }
    found.0
}

/// A mixture of normals of equal weight, truncated to an interval.
struct Parzen {
    numeric: Numeric,
    low: f64,
    high: f64,
    /// Centre and deviation of each.
    parts: Vec<(f64, f64)>,
}

impl Parzen {
    /// One normal at each point, as wide as the distance to its farther neighbour (the ends of the interval count), but
    /// not narrower than a share of the interval that falls with the number of points; and the prior, as wide as all.
    fn fit(numeric: Numeric, points: &[f64]) -> Self {
        let (low, high) = numeric.inner_range();
        let range = (high - low).max(f64::MIN_POSITIVE);
        let mut centres: Vec<f64> = points
            .iter()
            .map(|&x| numeric.to_inner(x).clamp(low, high))
            .collect();
        centres.sort_by(f64::total_cmp);
        let narrowest = range / (1.0 + centres.len() as f64).min(100.0);
        let mut parts: Vec<(f64, f64)> = (0..centres.len())
            .map(|i| {
                let before = i.checked_sub(1).map_or(low, |i| centres[i]);
                let after = centres.get(i + 1).copied().unwrap_or(high);
                let width = (centres[i] - before).max(after - centres[i]);
                (centres[i], width.clamp(narrowest, range))
            })
            .collect();
        parts.push((f64::midpoint(low, high), range));
        Self {
            numeric,
            low,
            high,
            parts,
        }
    }

    /// By rejection. Every centre lies inside and no normal is wider than the interval, so that a third of all draws are
    /// kept at least.
    fn draw(&self, generator: &mut ChaCha12Rng) -> f64 {
        let part = generator.random_range(0..self.parts.len());
        let (centre, width) = self.parts[part];
        for _ in 0..1000 {
            let x = centre + width * generator.sample::<f64, _>(StandardNormal);
            if (self.low..=self.high).contains(&x) {
                return x;
            }
        }
        centre
    }

    /// Of a value: the density on the inner scale, or the probability of its step.
    fn log_density(&self, value: f64) -> f64 {
        let share = 1.0 / self.parts.len() as f64;
        let sum: f64 = self
            .parts
            .iter()
            .map(|&(centre, width)| {
                let below = |x: f64| cumulative((x - centre) / width);
                let inside = below(self.high) - below(self.low);
                let density = match self.numeric.step {
                    Some(step) => {
                        let end = |x: f64| {
                            let (low, high) = (self.low, self.high);
                            let x = if self.numeric.log && x <= 0.0 {
                                low
                            } else {
                                self.numeric.to_inner(x)
                            };
                            x.clamp(low, high)
                        };
                        below(end(value + step / 2.0)) - below(end(value - step / 2.0))
                    }
                    None => {
                        let z = (self.numeric.to_inner(value) - centre) / width;
                        (-0.5 * z * z).exp() / (width * std::f64::consts::TAU.sqrt())
                    }
                };
                share * density / inside
            })
            .sum();
        sum.max(f64::MIN_POSITIVE).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randomness::{Purpose, Randomness};

    fn parzen(step: Option<f64>, log: bool) -> Parzen {
        let numeric = Numeric {
            min: 1.0,
            max: 9.0,
            log,
            step,
        };
        Parzen::fit(numeric, &[2.0, 3.0, 3.0, 8.0])
    }

    /// The density is one: integrated by the midpoint rule, and summed over steps.
    #[test]
    fn densities_add_up_to_one() {
        for log in [false, true] {
            let smooth = parzen(None, log);
            let (low, high) = (smooth.low, smooth.high);
            let count = 20_000;
            let width = (high - low) / f64::from(count);
            let sum: f64 = (0..count)
                .map(|i| {
                    let inner = low + (f64::from(i) + 0.5) * width;
                    let value = if log { inner.exp() } else { inner };
                    smooth.log_density(value).exp() * width
                })
                .sum();
            assert!((sum - 1.0).abs() < 1e-6, "{sum}");
            let stepped = parzen(Some(1.0), log);
            let sum: f64 = (1..=9)
                .map(|x| stepped.log_density(f64::from(x)).exp())
                .sum();
            assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }
    }

    /// As often as the density says: a histogram of draws beside the probability of each step.
    #[test]
    fn draws_follow_the_density() {
        let parzen = parzen(Some(1.0), false);
        let mut generator = Randomness::new(3).generator(Purpose::Search, 0);
        let count = 40_000;
        let mut found = [0u32; 10];
        for _ in 0..count {
            let value = parzen.numeric.of_inner(parzen.draw(&mut generator));
            found[value as usize] += 1;
        }
        for (value, &times) in found.iter().enumerate().skip(1) {
            let expected = parzen.log_density(value as f64).exp();
            let share = f64::from(times) / f64::from(count);
            // Four standard deviations.
            let slack = 4.0 * (expected * (1.0 - expected) / f64::from(count)).sqrt();
            assert!(
                (share - expected).abs() < slack,
                "{value}: {share} instead of {expected}"
            );
        }
    }
}
