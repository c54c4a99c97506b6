//! Exact tails of the binomial distribution.

/// P(X ≤ `successes`) for X ~ Binomial(`trials`, `p`).
///
/// The smaller tail is summed from its largest term, whose logarithm is exact to rounding, so that
/// neither large numbers nor tiny probabilities lose digits. Outside of 0 to 1, `p` counts as the
/// nearer end; NaN gives NaN.
pub fn binomial_cdf(successes: usize, trials: usize, p: f64) -> f64 {
    if p.is_nan() {
        return f64::NAN;
    }
    if successes >= trials || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    let below_mode = (successes as f64) < (trials as f64 + 1.0) * p - 1.0;
    if below_mode {
        lower_tail(successes, trials, p)
    } else {
        // P(X > s) is P(trials − X < trials − s), a lower tail of the failures.
        (1.0 - lower_tail(trials - successes - 1, trials, 1.0 - p)).max(0.0)
    }
}

/// P(X ≤ `last`) where the terms fall from `last` down to 0.
fn lower_tail(last: usize, trials: usize, p: f64) -> f64 {
    let n = trials as f64;
    let odds = p / (1.0 - p);
    let mut log_term = n * (-p).ln_1p();
    for i in 0..last {
        let i = i as f64;
        log_term += ((n - i) / (i + 1.0) * odds).ln();
    }
    let (mut relative, mut sum) = (1.0, 1.0);
    for i in (1..=last).rev() {
        let i = i as f64;
        relative *= i / ((n - i + 1.0) * odds);
        sum += relative;
        if relative < sum * f64::EPSILON * 1e-3 {
            break;
        }
    }
    (log_term.exp() * sum).min(1.0)
}

/// The largest probability of success that `successes` of `trials` leave possible at a level of
/// `confidence` (one-sided; Clopper and Pearson 1934): with that confidence, the true one is below.
/// 1 where there are no trials.
pub fn binomial_upper_bound(successes: usize, trials: usize, confidence: f64) -> f64 {
    if successes >= trials {
        return 1.0;
    }
    let (mut low, mut high) = (successes as f64 / trials as f64, 1.0);
    // The tail falls in p; the upper end of the last interval is on the safe side.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if binomial_cdf(successes, trials, middle) <= 1.0 - confidence {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}
