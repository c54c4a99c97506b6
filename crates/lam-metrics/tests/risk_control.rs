//! The guarantees hold, and the simulation would notice if they did not.

use crate::common::Noise;
use lam_metrics::{
    MetricError, RiskTarget, SelectiveCurve, ThresholdPlan, binomial_upper_bound,
    joint_risk_threshold,
};
use proptest::prelude::*;

/// P(wrong | u) for u uniform on [0, 1): high at both ends, so that the risk among the accepted is not
/// monotone.
fn wrong_at(u: f64) -> f64 {
    0.01 + 0.2 * u * u + if u < 0.03 { 0.1 } else { 0.0 }
}

/// P(wrong and u ≤ t), integrated by hand.
fn true_joint_risk(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    0.01 * t + 0.2 / 3.0 * t.powi(3) + 0.1 * t.min(0.03)
}

/// P(wrong | u ≤ t).
fn true_risk(t: f64) -> f64 {
    let t = t.clamp(1e-12, 1.0);
    true_joint_risk(t) / t
}

fn draw(noise: &mut Noise, count: usize) -> SelectiveCurve {
    let (uncertainty, correct): (Vec<f64>, Vec<bool>) = (0..count)
        .map(|_| {
            let u = noise.uniform();
            (u, noise.uniform() >= wrong_at(u))
        })
        .unzip();
    SelectiveCurve::new(&uncertainty, &correct).unwrap()
}

#[test]
fn the_risk_among_the_accepted_is_kept_with_the_confidence_asked_for() {
    const REPETITIONS: usize = 2000;
    let (risk, confidence) = (0.05, 0.9);
    let target = RiskTarget::new(risk, confidence).unwrap();
    let mut noise = Noise(1);
    let (mut violations, mut coverage, mut plug_in) = (0, 0.0, 0);
    for _ in 0..REPETITIONS {
        let plan = ThresholdPlan::new(&draw(&mut noise, 500), target, 1500);
        let held_out = draw(&mut noise, 1500);
        let control = plan.certify(&held_out);
        if let Some(threshold) = control.threshold {
            violations += usize::from(true_risk(threshold) > risk);
            coverage += threshold.min(1.0);
            assert!(control.upper_bound.unwrap() <= risk + 1e-12);
        }
        // What one would do without thinking.
        let largest = held_out
            .steps()
            .filter(|(_, s)| s.risk().unwrap() <= risk)
            .last();
        plug_in += usize::from(largest.is_some_and(|(t, _)| true_risk(t) > risk));
    }
    let share = |count: usize| count as f64 / REPETITIONS as f64;
    let delta = 1.0 - confidence;
    let error = 3.0 * (delta * confidence / REPETITIONS as f64).sqrt();
    assert!(share(violations) <= delta + error, "{}", share(violations));
    // The test is exact, so it is not far below either, and it accepts much.
    assert!(share(violations) > delta / 4.0, "{}", share(violations));
    assert!(coverage / REPETITIONS as f64 > 0.35, "{coverage}");
    assert!(share(plug_in) > 0.3, "the simulation shows nothing");
}

#[test]
fn the_joint_risk_is_kept_in_expectation() {
    const REPETITIONS: usize = 4000;
    let (risk, count) = (0.05, 200);
    let mut noise = Noise(2);
    let values: Vec<f64> = (0..REPETITIONS)
        .map(|_| joint_risk_threshold(&draw(&mut noise, count), risk))
        .map(|threshold| threshold.map_or(0.0, true_joint_risk))
        .collect();
    let mean = values.iter().sum::<f64>() / REPETITIONS as f64;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / REPETITIONS as f64;
    let error = 3.0 * (variance / REPETITIONS as f64).sqrt();
    assert!(mean <= risk + error, "{mean} ± {error}");
    // The method's own lower bound is risk − 2/(n + 1).
    assert!(
        mean >= risk - 2.5 / (count as f64 + 1.0) - error,
        "{mean} ± {error}"
    );
}

#[test]
fn the_certificate_is_the_bound_of_clopper_and_pearson() {
    let target = RiskTarget::new(0.05, 0.95).unwrap();
    let mut noise = Noise(3);
    let held_out = draw(&mut noise, 2000);
    let control = ThresholdPlan::new(&draw(&mut noise, 500), target, 2000).certify(&held_out);
    let selection = control.held_out;
    assert_eq!(held_out.at(control.threshold.unwrap()), selection);
    assert_eq!(
        control.upper_bound.unwrap(),
        binomial_upper_bound(selection.wrong, selection.accepted, 0.95)
    );
    assert_eq!(control.apply(&held_out), selection);
}

fn curve(uncertainty: &[f64], correct: &[bool]) -> SelectiveCurve {
    SelectiveCurve::new(uncertainty, correct).unwrap()
}

#[test]
fn nothing_is_accepted_where_nothing_can_be_shown() {
    let target = RiskTarget::new(0.05, 0.95).unwrap();
    // All wrong.
    let bad = curve(
        &(0..500).map(f64::from).collect::<Vec<_>>(),
        &vec![false; 500],
    );
    let control = ThresholdPlan::new(&bad, target, 500).certify(&bad);
    assert_eq!(control.threshold, None);
    assert_eq!(control.upper_bound, None);
    assert_eq!(control.held_out.coverage(), 0.0);
    assert_eq!(control.apply(&bad).risk(), None);
    assert_eq!(joint_risk_threshold(&bad, 0.001), None);

    // All right, but too few to show it: it takes 59.
    assert_eq!(target.fewest_answers(), 59);
    for (count, coverage) in [(1, 0.0), (58, 0.0), (59, 1.0)] {
        let uncertainty: Vec<f64> = (0..count).map(f64::from).collect();
        let few = curve(&uncertainty, &vec![true; count as usize]);
        let control = ThresholdPlan::new(&few, target, count as usize).certify(&few);
        assert_eq!(control.held_out.coverage(), coverage, "{count}");
        assert_eq!(control.threshold.is_some(), coverage > 0.0);
    }
    let one = curve(&[0.0], &[true]);
    assert_eq!(joint_risk_threshold(&one, 0.4), None);
    assert_eq!(joint_risk_threshold(&one, 0.5), Some(f64::INFINITY));
}

#[test]
fn equal_uncertainties_are_accepted_all_or_none() {
    let right: Vec<bool> = (0..1000).map(|i| i % 50 != 0).collect();
    let equal = curve(&vec![0.3; 1000], &right);
    let accepted = |risk: f64| {
        let target = RiskTarget::new(risk, 0.95).unwrap();
        let control = ThresholdPlan::new(&equal, target, 1000).certify(&equal);
        (control.threshold, control.held_out.accepted)
    };
    assert_eq!(accepted(0.05), (Some(f64::INFINITY), 1000));
    assert_eq!(accepted(0.01), (None, 0));
    assert_eq!(joint_risk_threshold(&equal, 0.021), Some(f64::INFINITY));
    assert_eq!(joint_risk_threshold(&equal, 0.02), None);
}

#[test]
fn impossible_targets_are_errors() {
    for bad in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
        for (risk, confidence) in [(bad, 0.95), (0.05, bad)] {
            assert!(matches!(
                RiskTarget::new(risk, confidence).unwrap_err(),
                MetricError::NotBetween { .. }
            ));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Who allows more risk, or is content with less confidence, accepts no less of the same answers.
    #[test]
    fn coverage_rises_with_the_risk_allowed(seed in any::<u64>(), low in 0.01..0.2_f64, more in 0.0..0.2_f64) {
        let mut noise = Noise(seed);
        let held_out = draw(&mut noise, 400);
        let joint = |risk| joint_risk_threshold(&held_out, risk).unwrap_or(f64::NEG_INFINITY);
        prop_assert!(joint(low) <= joint(low + more));
        prop_assert!(held_out.at(joint(low)).joint_risk() <= low);
        // With the answers beyond dispute sorted first, plans differ only in where they end.
        let uncertainty: Vec<f64> = (0..400).map(f64::from).collect();
        let right: Vec<bool> = (0..400).map(|i| noise.uniform() >= f64::from(i) / 1000.0).collect();
        let ordered = curve(&uncertainty, &right);
        let certified = |risk, confidence| {
            let target = RiskTarget::new(risk, confidence).unwrap();
            ThresholdPlan::new(&ordered, target, 400).certify(&ordered).held_out
        };
        let (strict, lax) = (certified(low, 0.95), certified(low + more, 0.95));
        for selection in [strict, lax] {
            prop_assert!(selection.risk().unwrap_or(0.0) <= low + more);
        }
        if strict.accepted > 0 {
            prop_assert!(lax.accepted >= strict.accepted, "{:?} {:?}", strict, lax);
        }
    }
}
