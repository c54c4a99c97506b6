//! Exact binomial tails and the bound that follows from them.

use lam_metrics::{binomial_cdf, binomial_upper_bound};
use proptest::prelude::*;

/// The distribution after each trial from that before it: no logarithm, no closed form.
fn slow(trials: usize, p: f64) -> Vec<f64> {
    let mut mass = vec![1.0];
    for _ in 0..trials {
        let mut next = vec![0.0; mass.len() + 1];
        for (i, m) in mass.iter().enumerate() {
            next[i] += m * (1.0 - p);
            next[i + 1] += m * p;
        }
        mass = next;
    }
    mass.iter()
        .scan(0.0, |sum, m| {
            *sum += m;
            Some(*sum)
        })
        .collect()
}

#[test]
fn equals_the_slow_sum() {
    for trials in [1, 2, 3, 10, 57, 400] {
        for p in [1e-6, 0.01, 0.05, 0.3, 0.5, 0.77, 0.999] {
            for (successes, expected) in slow(trials, p).into_iter().enumerate() {
                let found = binomial_cdf(successes, trials, p);
                let close = (found - expected).abs() <= 1e-10 * expected.max(1e-300);
                assert!(
                    close || (found - expected).abs() < 1e-14,
                    "{successes} of {trials} at {p}: {found} for {expected}"
                );
            }
        }
    }
}

#[test]
fn small_tails_keep_their_digits() {
    // No success: (1 − p)^n. One at most: (1 − p)^n + n p (1 − p)^(n−1).
    let expected = 0.95_f64.powi(4000);
    let found = binomial_cdf(0, 4000, 0.05);
    assert!((found / expected - 1.0).abs() < 1e-10, "{found}");
    let expected = 0.9_f64.powi(500) + 500.0 * 0.1 * 0.9_f64.powi(499);
    let found = binomial_cdf(1, 500, 0.1);
    assert!((found / expected - 1.0).abs() < 1e-11, "{found}");
    // Large numbers end, and stay within 0 to 1; half of a symmetric distribution lies below its middle.
    assert_eq!(binomial_cdf(10, 10_000_000, 0.5), 0.0);
    let half = binomial_cdf(500_000, 1_000_001, 0.5);
    assert!((half - 0.5).abs() < 1e-8, "{half}");
}

#[test]
fn ends() {
    assert_eq!(binomial_cdf(0, 0, 0.3), 1.0);
    assert_eq!(binomial_cdf(5, 5, 0.3), 1.0);
    assert_eq!(binomial_cdf(2, 5, 0.0), 1.0);
    assert_eq!(binomial_cdf(2, 5, 1.0), 0.0);
    assert!(binomial_cdf(2, 5, f64::NAN).is_nan());
    assert_eq!(binomial_upper_bound(0, 0, 0.95), 1.0);
    assert_eq!(binomial_upper_bound(7, 7, 0.95), 1.0);
    // The "rule of three", exactly: 1 − 0.05^(1/n).
    for n in [1_usize, 10, 59, 1000] {
        let expected = 1.0 - 0.05_f64.powf(1.0 / n as f64);
        let found = binomial_upper_bound(0, n, 0.95);
        assert!((found - expected).abs() < 1e-12, "{n}: {found}");
    }
}

proptest! {
    #[test]
    fn monotone_and_within_0_and_1(trials in 1..3000_usize, share in 0.0..1.0_f64, p in 0.0..1.0_f64, step in 0.0..0.1_f64) {
        let successes = (share * trials as f64) as usize;
        let value = binomial_cdf(successes, trials, p);
        prop_assert!((0.0..=1.0).contains(&value));
        prop_assert!(binomial_cdf(successes + 1, trials, p) >= value - 1e-11);
        prop_assert!(binomial_cdf(successes, trials, p + step) <= value + 1e-11);
    }

    #[test]
    fn the_bound_is_where_the_tail_is_delta(trials in 1..2000_usize, share in 0.0..1.0_f64, confidence in 0.5..0.999_f64) {
        let successes = ((share * trials as f64) as usize).min(trials - 1);
        let bound = binomial_upper_bound(successes, trials, confidence);
        prop_assert!(bound >= successes as f64 / trials as f64);
        let tail = binomial_cdf(successes, trials, bound);
        prop_assert!((tail - (1.0 - confidence)).abs() < 1e-8, "{} {}", bound, tail);
    }
}
