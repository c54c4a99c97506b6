//! Ranked lists against the definitions, and merging.

use lam_metrics::{Cutoffs, MetricError, QueryScore, RetrievalAccumulator};
use proptest::prelude::*;

/// Average precision at k straight from its definition.
fn average_precision(flags: &[bool], positives: usize, k: usize) -> f64 {
    let mut sum = 0.0;
    for i in 0..k.min(flags.len()) {
        if flags[i] {
            let before = flags[..=i].iter().filter(|&&flag| flag).count();
            sum += before as f64 / (i + 1) as f64;
        }
    }
    sum / positives.min(k) as f64
}

#[test]
fn worked_example() {
    // Positives at ranks 1, 3 and 6 of 4 in all.
    let flags = [true, false, true, false, false, true];
    let score = QueryScore::new(&flags, 4, &Cutoffs::default())
        .unwrap()
        .unwrap();
    assert_eq!(score.first_positive, Some(0));
    let at_5 = (1.0 + 2.0 / 3.0) / 4.0;
    let at_10 = (1.0 + 2.0 / 3.0 + 3.0 / 6.0) / 4.0;
    for (value, expected) in score.average_precision.iter().zip([at_5, at_10, at_10]) {
        assert!((value - expected).abs() < 1e-15);
    }
    assert!((score.average_precision_at_r - at_5).abs() < 1e-15);
}

#[test]
fn queries_without_positives_are_counted_and_left_out() {
    let mut accumulator = RetrievalAccumulator::new(Cutoffs::default());
    accumulator.add(&[false; 30], 0).unwrap();
    assert_eq!(
        accumulator.summary().unwrap_err(),
        MetricError::NoPositives { queries: 1 }
    );
    accumulator.add(&[true; 30], 30).unwrap();
    let summary = accumulator.summary().unwrap();
    assert_eq!(summary.queries, 1);
    assert_eq!(summary.queries_without_positives, 1);
    assert!(summary.recall.iter().all(|&(_, value)| value == 1.0));
    assert!(summary.map.iter().all(|&(_, value)| value == 1.0));
    assert_eq!(summary.map_at_r, 1.0);
}

#[test]
fn inconsistent_lists_are_errors() {
    let score = |flags: &[bool], positives| QueryScore::new(flags, positives, &Cutoffs::default());
    assert_eq!(
        score(&[true, false], 3).unwrap_err(),
        MetricError::TooFewRanks {
            given: 2,
            positives: 3
        }
    );
    for positives in [0, 1] {
        assert_eq!(
            score(&[true, true], positives).unwrap_err(),
            MetricError::TooManyPositives {
                found: 2,
                positives
            }
        );
    }
    assert_eq!(
        Cutoffs::new(vec![1, 0], vec![]).unwrap_err(),
        MetricError::ZeroCutoff
    );
    let mut one = RetrievalAccumulator::new(Cutoffs::new(vec![1], vec![5]).unwrap());
    let other = RetrievalAccumulator::new(Cutoffs::new(vec![2], vec![5]).unwrap());
    assert_eq!(
        one.merge(&other).unwrap_err(),
        MetricError::DifferentCutoffs
    );
}

fn lists() -> impl Strategy<Value = Vec<(Vec<bool>, usize)>> {
    let list = prop::collection::vec(any::<bool>(), 1..60).prop_map(|flags| {
        let positives = flags.iter().filter(|&&flag| flag).count();
        (flags, positives)
    });
    prop::collection::vec(list, 1..40)
}

proptest! {
    #[test]
    fn equals_definition(lists in lists()) {
        for (flags, positives) in &lists {
            let score = QueryScore::new(flags, *positives, &Cutoffs::default()).unwrap();
            prop_assert_eq!(score.is_none(), *positives == 0);
            let Some(score) = score else { continue };
            for (value, k) in score.average_precision.iter().zip([5, 10, 20]) {
                prop_assert!((value - average_precision(flags, *positives, k)).abs() < 1e-12);
                prop_assert!((0.0..=1.0).contains(value));
            }
            let at_r = average_precision(flags, *positives, *positives);
            prop_assert!((score.average_precision_at_r - at_r).abs() < 1e-12);
        }
    }

    /// However the queries are divided and merged: the same to the last bit.
    #[test]
    fn merging_is_exact(lists in lists(), cut in 0..40_usize) {
        let gather = |lists: &[(Vec<bool>, usize)]| {
            let mut accumulator = RetrievalAccumulator::new(Cutoffs::default());
            for (flags, positives) in lists {
                accumulator.add(flags, *positives).unwrap();
            }
            accumulator
        };
        let (left, right) = lists.split_at(cut.min(lists.len()));
        let mut merged = gather(right);
        merged.merge(&gather(left)).unwrap();
        let all = gather(&lists);
        prop_assert_eq!(&merged, &all);
        if let Ok(summary) = all.summary() {
            let scored: Vec<_> = lists.iter().filter(|list| list.1 > 0).collect();
            for &(k, value) in &summary.map {
                let sum: f64 = scored.iter().map(|(f, p)| average_precision(f, *p, k)).sum();
                prop_assert!((value - sum / scored.len() as f64).abs() < 1e-12);
            }
            for &(k, value) in &summary.recall {
                let hits = scored.iter().filter(|(f, _)| f.iter().take(k).any(|&flag| flag)).count();
                prop_assert!((value - hits as f64 / scored.len() as f64).abs() < 1e-15);
            }
            prop_assert!(summary.recall.is_sorted_by(|a, b| a.1 <= b.1));
        }
    }
}
