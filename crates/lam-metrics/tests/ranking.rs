//! Areas against their definitions over pairs, thresholds and trapezoids.

use lam_metrics::{BinaryRanking, Curve, MetricError, r_auroc};
use proptest::prelude::*;

/// Share of (negative, positive) pairs in the right order, ties half.
fn pair_share(negatives: &[f64], positives: &[f64]) -> f64 {
    let mut sum = 0.0;
    for n in negatives {
        for p in positives {
            sum += if p > n {
                1.0
            } else if p == n {
                0.5
            } else {
                0.0
            };
        }
    }
    sum / (negatives.len() * positives.len()) as f64
}

/// Precision and recall at every distinct threshold, by counting anew each time.
fn points(negatives: &[f64], positives: &[f64]) -> Vec<(f64, f64)> {
    let mut thresholds = [negatives, positives].concat();
    thresholds.sort_by(|a, b| b.partial_cmp(a).unwrap());
    thresholds.dedup();
    let above = |scores: &[f64], t: f64| scores.iter().filter(|&&s| s >= t).count() as f64;
    thresholds
        .iter()
        .map(|&t| {
            let (tp, fp) = (above(positives, t), above(negatives, t));
            (tp / positives.len() as f64, tp / (tp + fp))
        })
        .collect()
}

fn trapezoid(curve: &Curve) -> f64 {
    let pairs = curve.x.windows(2).zip(curve.y.windows(2));
    pairs
        .map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0)
        .sum()
}

/// Scores with many ties.
fn scores() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((-20..20_i32).prop_map(|x| f64::from(x) / 4.0), 1..60)
}

proptest! {
    #[test]
    fn areas_equal_definitions(negatives in scores(), positives in scores()) {
        let ranking = BinaryRanking::new(&negatives, &positives).unwrap();
        prop_assert!((ranking.auroc() - pair_share(&negatives, &positives)).abs() < 1e-12);
        let (mut ap, mut trapezoids) = (0.0, 0.0);
        let mut before = (0.0, 1.0);
        for point in points(&negatives, &positives) {
            ap += (point.0 - before.0) * point.1;
            trapezoids += (point.0 - before.0) * (point.1 + before.1) / 2.0;
            before = point;
        }
        prop_assert!((ranking.average_precision() - ap).abs() < 1e-12);
        prop_assert!((ranking.auprc_trapezoid() - trapezoids).abs() < 1e-12);
        prop_assert!((trapezoid(&ranking.roc_curve(usize::MAX)) - ranking.auroc()).abs() < 1e-12);
        let curve = ranking.precision_recall_curve(usize::MAX);
        prop_assert!((trapezoid(&curve) - ranking.auprc_trapezoid()).abs() < 1e-12);
    }

    #[test]
    fn bounds_and_symmetry(negatives in scores(), positives in scores()) {
        let ranking = BinaryRanking::new(&negatives, &positives).unwrap();
        let swapped = BinaryRanking::new(&positives, &negatives).unwrap();
        for area in [ranking.auroc(), ranking.average_precision(), ranking.auprc_trapezoid()] {
            prop_assert!((0.0..=1.0).contains(&area), "{}", area);
        }
        prop_assert!((ranking.auroc() + swapped.auroc() - 1.0).abs() < 1e-12);
    }

    /// Only the order of scores counts, neither their scale nor the order in which they are given.
    #[test]
    fn monotone_transform_and_permutation(negatives in scores(), positives in scores()) {
        let areas = |n: &[f64], p: &[f64]| {
            let ranking = BinaryRanking::new(n, p).unwrap();
            (ranking.auroc(), ranking.average_precision(), ranking.auprc_trapezoid())
        };
        let expected = areas(&negatives, &positives);
        let changed = |scores: &[f64]| -> Vec<f64> {
            scores.iter().rev().map(|x| (x / 2.0).exp() - 3.0).collect()
        };
        prop_assert_eq!(areas(&changed(&negatives), &changed(&positives)), expected);
    }

    #[test]
    fn thinned_curves_keep_their_ends(negatives in scores(), positives in scores(), most in 0..40_usize) {
        let ranking = BinaryRanking::new(&negatives, &positives).unwrap();
        for (curve, first) in [
            (ranking.roc_curve(most), (0.0, 0.0)),
            (ranking.precision_recall_curve(most), (0.0, 1.0)),
        ] {
            prop_assert!(curve.x.len() <= most.max(2));
            prop_assert!(curve.x.len() == curve.y.len() && curve.x.len() == curve.thresholds.len());
            prop_assert_eq!((curve.x[0], curve.y[0]), first);
            prop_assert_eq!(*curve.x.last().unwrap(), 1.0);
            prop_assert!(curve.x.is_sorted());
            prop_assert!(curve.thresholds.is_sorted_by(|a, b| a > b));
        }
    }
}

#[test]
fn equal_scores_are_chance() {
    let ranking = BinaryRanking::new(&[1.0; 30], &[1.0; 10]).unwrap();
    assert_eq!(ranking.auroc(), 0.5);
    assert_eq!(ranking.average_precision(), 0.25);
    // -0 and 0 are the same score.
    assert_eq!(BinaryRanking::new(&[-0.0], &[0.0]).unwrap().auroc(), 0.5);
}

#[test]
fn perfect_and_inverted() {
    let (low, high) = ([1.0, 2.0], [3.0, 4.0, 5.0]);
    let good = BinaryRanking::new(&low, &high).unwrap();
    assert_eq!((good.auroc(), good.average_precision()), (1.0, 1.0));
    assert_eq!(good.auprc_trapezoid(), 1.0);
    assert_eq!(BinaryRanking::new(&high, &low).unwrap().auroc(), 0.0);
}

#[test]
fn undefined_rankings_are_errors() {
    assert_eq!(
        BinaryRanking::new(&[1.0], &[]).unwrap_err(),
        MetricError::OneKind {
            positives: 0,
            negatives: 1
        }
    );
    let error = BinaryRanking::new(&[1.0, f64::NAN], &[1.0]).unwrap_err();
    assert_eq!(error.to_string(), "scores of negatives: value 1 is NaN");
}

#[test]
fn referral_ranks_mistakes() {
    let correct = [true, false, true, true];
    assert_eq!(r_auroc(&[0.1, 0.9, 0.3, 0.2], &correct).unwrap(), 1.0);
    assert_eq!(r_auroc(&[0.1, 0.0, 0.3, 0.2], &correct).unwrap(), 0.0);
    assert!(matches!(
        r_auroc(&[0.1, 0.2], &[true, true]).unwrap_err(),
        MetricError::OneKind { positives: 0, .. }
    ));
    assert!(matches!(
        r_auroc(&[0.1], &correct).unwrap_err(),
        MetricError::Length { .. }
    ));
}
