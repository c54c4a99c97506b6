//! The sparsification curve against a plain one.

use lam_metrics::{MetricError, Sparsification};
use proptest::prelude::*;

/// Distinct uncertainties with correctness.
fn answers() -> impl Strategy<Value = Vec<(f64, bool)>> {
    prop::collection::vec(any::<bool>(), 1..300).prop_flat_map(|correct| {
        let uncertainties: Vec<u32> = (0..correct.len() as u32).collect();
        (Just(correct), Just(uncertainties).prop_shuffle()).prop_map(|(correct, uncertainties)| {
            let uncertainties = uncertainties.iter().map(|&u| f64::from(u));
            uncertainties.zip(correct).collect()
        })
    })
}

fn sparsify(answers: &[(f64, bool)]) -> Sparsification {
    let (uncertainty, correct): (Vec<f64>, Vec<bool>) = answers.iter().copied().unzip();
    Sparsification::new(&uncertainty, &correct).unwrap()
}

proptest! {
    #[test]
    fn equals_plain_version(answers in answers()) {
        let result = sparsify(&answers);
        let mut remaining = answers.clone();
        remaining.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap());
        let share = |part: &[(f64, bool)]| {
            part.iter().filter(|answer| answer.1).count() as f64 / part.len() as f64
        };
        let plain: Vec<f64> = (0..99)
            .map(|i| share(&remaining[(answers.len() as f64 * f64::from(i) / 100.0) as usize..]))
            .collect();
        prop_assert_eq!(&result.accuracy, &plain);
        let area: f64 = (1..99).map(|i| (plain[i - 1] + plain[i]) / 2.0 / 99.0).sum();
        prop_assert!((result.area - area).abs() < 1e-12);
        prop_assert!((0.0..=98.0 / 99.0 + 1e-12).contains(&result.area));
        prop_assert_eq!(result.removed.len(), 99);
        prop_assert_eq!(result.removed[98], 0.98);
    }

    #[test]
    fn order_of_answers_does_not_matter(answers in answers()) {
        let backwards: Vec<_> = answers.iter().rev().copied().collect();
        prop_assert_eq!(sparsify(&answers), sparsify(&backwards));
    }
}

#[test]
fn extremes() {
    let one = Sparsification::new(&[0.5], &[true]).unwrap();
    assert!((one.area - 98.0 / 99.0).abs() < 1e-12);
    assert_eq!(
        Sparsification::new(&[0.5; 7], &[false; 7]).unwrap().area,
        0.0
    );
    // All uncertainties equal: answers leave in their order.
    let tied = Sparsification::new(&[1.0; 100], &[vec![false; 50], vec![true; 50]].concat());
    assert_eq!(tied.unwrap().accuracy[50], 1.0);
}

#[test]
fn wrong_input_is_an_error() {
    let error = |uncertainty: &[f64], correct: &[bool]| {
        Sparsification::new(uncertainty, correct).unwrap_err()
    };
    assert!(matches!(error(&[], &[]), MetricError::Empty { .. }));
    assert!(matches!(error(&[1.0], &[]), MetricError::Length { .. }));
    assert!(matches!(
        error(&[1.0, f64::NAN], &[true, true]),
        MetricError::NotFinite { index: 1, .. }
    ));
}
