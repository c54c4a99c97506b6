//! Brier score and likelihood of votes.

use lam_metrics::{MetricError, ProperScores};
use proptest::prelude::*;

#[test]
fn by_hand() {
    // Of four votes: 4 right, 3 right, 2 wrong.
    let scores = ProperScores::of_votes(&[1.0, 0.75, 0.5], &[true, true, false], 4).unwrap();
    assert!((scores.brier - (0.0 + 0.0625 + 0.25) / 3.0).abs() < 1e-15);
    let expected = -((4.5_f64 / 5.0).ln() + (3.5_f64 / 5.0).ln() + (2.5_f64 / 5.0).ln()) / 3.0;
    assert!((scores.negative_log_likelihood - expected).abs() < 1e-15);
}

#[test]
fn a_sure_mistake_costs_much_but_not_everything() {
    let sure = ProperScores::of_votes(&[1.0], &[false], 100).unwrap();
    assert_eq!(sure.brier, 1.0);
    assert!((sure.negative_log_likelihood - (101.0_f64 / 0.5).ln()).abs() < 1e-12);
}

proptest! {
    /// Proper: over a group that is right at a rate of a/n, no share of votes scores better than a/n.
    #[test]
    fn the_true_rate_is_the_best_confidence(samples in 2..50_u32, right in 0..=40_u32, votes in 0..50_u32) {
        let correct: Vec<bool> = (0..40).map(|i| i < right).collect();
        let brier = |share: f64| {
            let confidence = vec![share; 40];
            ProperScores::of_votes(&confidence, &correct, samples as usize).unwrap().brier
        };
        let share = f64::from(votes.min(samples)) / f64::from(samples);
        prop_assert!(brier(f64::from(right) / 40.0) <= brier(share) + 1e-12);
    }
}

#[test]
fn wrong_input_is_an_error() {
    let error = |confidence: &[f64], samples| {
        ProperScores::of_votes(confidence, &[true], samples).unwrap_err()
    };
    assert!(matches!(error(&[0.5, 0.5], 2), MetricError::Length { .. }));
    assert!(matches!(error(&[0.5], 0), MetricError::NoSamples));
    for bad in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(error(&[bad], 2), MetricError::NotAShare { .. }));
    }
    assert!(matches!(
        ProperScores::of_votes(&[], &[], 2).unwrap_err(),
        MetricError::Empty { .. }
    ));
}
