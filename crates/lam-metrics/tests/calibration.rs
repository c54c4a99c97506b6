//! Expected calibration error, both bins ends, and the diagram.

use lam_metrics::{Calibration, MetricError};
use proptest::prelude::*;

/// Shares of `samples` votes with correctness.
fn predictions() -> impl Strategy<Value = (u32, Vec<(u32, bool)>)> {
    (1..120_u32).prop_flat_map(|samples| {
        let one = (1..=samples, any::<bool>());
        (Just(samples), prop::collection::vec(one, 1..200))
    })
}

fn split(samples: u32, votes: &[(u32, bool)]) -> (Vec<f64>, Vec<bool>) {
    let share = |&(votes, correct): &(u32, bool)| (f64::from(votes) / f64::from(samples), correct);
    votes.iter().map(share).unzip()
}

/// From the definition, bins decided in whole numbers.
fn plain(samples: u32, votes: &[(u32, bool)]) -> f64 {
    let mut error = 0.0;
    for bin in 0..10 {
        let inside: Vec<&(u32, bool)> = votes
            .iter()
            .filter(|(v, _)| (v * 10 / samples).min(9) == bin)
            .collect();
        if inside.is_empty() {
            continue;
        }
        let count = inside.len() as f64;
        let accuracy = inside.iter().filter(|(_, correct)| *correct).count() as f64 / count;
        let mean: f64 = inside.iter().map(|(v, _)| f64::from(*v)).sum::<f64>();
        let confidence = mean / f64::from(samples) / count;
        error += count / votes.len() as f64 * (accuracy - confidence).abs();
    }
    error
}

proptest! {
    #[test]
    fn equals_definition((samples, votes) in predictions()) {
        let (confidence, correct) = split(samples, &votes);
        let calibration = Calibration::new(&confidence, &correct).unwrap();
        prop_assert!((calibration.ece - plain(samples, &votes)).abs() < 1e-12);
        prop_assert!((0.0..=1.0).contains(&calibration.ece));
        let unsure: Vec<_> = votes.iter().filter(|(v, _)| *v < samples).copied().collect();
        match calibration.ece_open_last_bin {
            None => prop_assert!(unsure.is_empty()),
            Some(open) => prop_assert!((open - plain(samples, &unsure)).abs() < 1e-12),
        }
        let dropped = 1.0 - unsure.len() as f64 / votes.len() as f64;
        prop_assert!((calibration.open_last_bin_drops - dropped).abs() < 1e-12);
        let from_bins: f64 = calibration
            .bins
            .iter()
            .map(|b| b.count as f64 * (b.accuracy - b.mean_confidence).abs())
            .sum();
        prop_assert!((from_bins / votes.len() as f64 - calibration.ece).abs() < 1e-12);
        prop_assert_eq!(calibration.bins.iter().map(|b| b.count).sum::<usize>(), votes.len());
    }

    #[test]
    fn order_does_not_matter((samples, votes) in predictions()) {
        let (mut confidence, mut correct) = split(samples, &votes);
        let forward = Calibration::new(&confidence, &correct).unwrap();
        confidence.reverse();
        correct.reverse();
        let backward = Calibration::new(&confidence, &correct).unwrap();
        prop_assert!((forward.ece - backward.ece).abs() < 1e-12);
    }
}

#[test]
fn borders_belong_to_the_upper_bin() {
    for tenths in 0..=10_usize {
        let calibration = Calibration::new(&[tenths as f64 / 10.0], &[true]).unwrap();
        assert_eq!(calibration.bins[tenths.min(9)].count, 1, "{tenths}/10");
    }
}

#[test]
fn sure_and_right() {
    let calibration = Calibration::new(&[1.0; 5], &[true; 5]).unwrap();
    assert_eq!(calibration.ece, 0.0);
    assert_eq!(calibration.ece_open_last_bin, None);
    assert_eq!(calibration.open_last_bin_drops, 1.0);
    assert_eq!(Calibration::new(&[1.0], &[false]).unwrap().ece, 1.0);
}

#[test]
fn wrong_input_is_an_error() {
    let error = |confidence: &[f64]| Calibration::new(confidence, &[true]).unwrap_err();
    assert!(matches!(error(&[0.5, 0.5]), MetricError::Length { .. }));
    for value in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(error(&[value]), MetricError::NotAShare { .. }));
    }
    assert!(matches!(
        Calibration::new(&[], &[]).unwrap_err(),
        MetricError::Empty { .. }
    ));
}
