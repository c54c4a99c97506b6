//! Thresholds and what they accept.

use lam_metrics::{MetricError, Selection, SelectiveCurve};
use proptest::prelude::*;

fn answers() -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
    // Few distinct values, so that there are ties.
    prop::collection::vec(((-5..5_i32).prop_map(f64::from), any::<bool>()), 1..80)
        .prop_map(|answers| answers.into_iter().unzip())
}

fn count(uncertainty: &[f64], correct: &[bool], threshold: f64) -> Selection {
    let accepted: Vec<bool> = uncertainty
        .iter()
        .zip(correct)
        .filter(|(u, _)| **u <= threshold)
        .map(|(_, c)| *c)
        .collect();
    Selection {
        queries: correct.len(),
        accepted: accepted.len(),
        wrong: accepted.iter().filter(|correct| !**correct).count(),
    }
}

proptest! {
    #[test]
    fn equals_counting((uncertainty, correct) in answers(), between in -6.0..6.0_f64) {
        let curve = SelectiveCurve::new(&uncertainty, &correct).unwrap();
        for threshold in uncertainty.iter().copied().chain([between, f64::INFINITY, f64::NEG_INFINITY]) {
            prop_assert_eq!(curve.at(threshold), count(&uncertainty, &correct, threshold));
        }
        for (threshold, selection) in curve.steps() {
            prop_assert_eq!(selection, count(&uncertainty, &correct, threshold));
        }
        let points = curve.points(1000);
        prop_assert_eq!(points.len(), curve.steps().len());
        prop_assert_eq!(points.last().unwrap().0, 1.0);
        let wrong = correct.iter().filter(|c| !**c).count() as f64;
        prop_assert!((points.last().unwrap().1 - wrong / correct.len() as f64).abs() < 1e-15);
    }

    #[test]
    fn coverage_and_joint_risk_rise((uncertainty, correct) in answers()) {
        let curve = SelectiveCurve::new(&uncertainty, &correct).unwrap();
        let all: Vec<Selection> = curve.steps().map(|(_, selection)| selection).collect();
        for pair in all.windows(2) {
            prop_assert!(pair[0].coverage() < pair[1].coverage());
            prop_assert!(pair[0].joint_risk() <= pair[1].joint_risk());
        }
        for selection in all {
            let risk = selection.risk().unwrap();
            prop_assert!((risk * selection.coverage() - selection.joint_risk()).abs() < 1e-15);
        }
    }
}

#[test]
fn thinned_curves_keep_their_end() {
    let uncertainty: Vec<f64> = (0..500).map(f64::from).collect();
    let curve = SelectiveCurve::new(&uncertainty, &[true; 500]).unwrap();
    let points = curve.points(20);
    assert_eq!(points.len(), 20);
    assert_eq!(points[19], (1.0, 0.0));
    assert_eq!(curve.points(0).len(), 2);
}

#[test]
fn wrong_input_is_an_error() {
    let error = |u: &[f64], c: &[bool]| SelectiveCurve::new(u, c).unwrap_err();
    assert!(matches!(error(&[], &[]), MetricError::Empty { .. }));
    assert!(matches!(error(&[1.0], &[]), MetricError::Length { .. }));
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(matches!(
            error(&[0.0, bad], &[true, true]),
            MetricError::NotFinite { index: 1, .. }
        ));
    }
}
