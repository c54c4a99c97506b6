//! The isotonic fit against its min-max formula.

use lam_retrieve::Isotonic;
use proptest::prelude::*;

/// max over i ≤ k of min over j ≥ k of the mean success of the scores i to j (Barlow et al. 1972), each distinct score
/// with its outcomes, without the outcome that draws small pools towards the overall share.
fn min_max(outcomes: &[(f64, bool)], score: f64) -> f64 {
    let mut scores: Vec<f64> = outcomes.iter().map(|(score, _)| *score).collect();
    scores.sort_by(f64::total_cmp);
    scores.dedup();
    let mean = |low: f64, high: f64| {
        let within = outcomes
            .iter()
            .filter(|(score, _)| (low..=high).contains(score));
        let (mut successes, mut count) = (0.0, 0.0);
        for (_, success) in within {
            successes += f64::from(*success);
            count += 1.0;
        }
        successes / count
    };
    let below = scores.iter().filter(|low| **low <= score);
    below
        .map(|&low| {
            let above = scores.iter().filter(|high| **high >= score);
            above
                .map(|&high| mean(low, high))
                .fold(f64::INFINITY, f64::min)
        })
        .fold(f64::NEG_INFINITY, f64::max)
}

#[test]
fn it_is_the_min_max_formula_where_there_are_many_of_each_score() {
    // The outcome that is added weighs 1/2001 of a pool at most.
    let rates = [(0.1, 0.2), (0.3, 0.5), (0.5, 0.4), (0.7, 0.45), (0.9, 0.95)];
    let outcomes: Vec<(f64, bool)> = rates
        .iter()
        .flat_map(|&(score, rate)| (0..2000).map(move |i| (score, f64::from(i) < rate * 2000.0)))
        .collect();
    let fitted = Isotonic::fit(outcomes.clone()).unwrap();
    for score in [0.1, 0.9] {
        let expected = min_max(&outcomes, score);
        assert!(
            (fitted.at(score) - expected).abs() < 5e-4,
            "{score}: {expected}"
        );
    }
    // 0.3, 0.5 and 0.7 are one pool, at the mean of its scores.
    let expected = min_max(&outcomes, 0.5);
    assert!((expected - 0.45).abs() < 1e-12);
    assert!((fitted.at(0.5) - expected).abs() < 5e-4);
}

#[test]
fn it_is_linear_between_scores_and_constant_beyond_them() {
    let outcomes = (0..4000).map(|i| {
        let (score, rate) = if i < 2000 { (0.25, 0.0) } else { (0.75, 1.0) };
        (score, rate > 0.5)
    });
    let fitted = Isotonic::fit(outcomes).unwrap();
    let (low, high) = (fitted.at(0.25), fitted.at(0.75));
    assert!(low < 0.001 && high > 0.999);
    assert!((fitted.at(0.5) - (low + high) / 2.0).abs() < 1e-12);
    assert_eq!((fitted.at(0.0), fitted.at(1.0)), (low, high));
}

#[test]
fn few_outcomes_are_not_certain() {
    let fitted = Isotonic::fit([(0.9, true), (0.8, true), (0.1, false)]).unwrap();
    assert!(fitted.at(0.9) < 1.0 && fitted.at(0.1) > 0.0);
    assert!(Isotonic::fit([]).is_none());
    assert!(Isotonic::fit([(f64::NAN, true)]).is_none());
}

proptest! {
    #[test]
    fn it_never_falls_and_stays_a_probability(
        outcomes in prop::collection::vec((0.0..1.0_f64, any::<bool>()), 1..60),
        mut asked in prop::collection::vec(-0.5..1.5_f64, 2..30),
    ) {
        let fitted = Isotonic::fit(outcomes).unwrap();
        asked.sort_by(f64::total_cmp);
        let values: Vec<f64> = asked.iter().map(|&score| fitted.at(score)).collect();
        prop_assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        prop_assert!(values.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn the_order_of_outcomes_does_not_matter(
        outcomes in prop::collection::vec((0.0..1.0_f64, any::<bool>()), 1..40),
        at in 0.0..1.0_f64,
    ) {
        let turned: Vec<(f64, bool)> = outcomes.iter().rev().copied().collect();
        let (a, b) = (Isotonic::fit(outcomes).unwrap(), Isotonic::fit(turned).unwrap());
        prop_assert!((a.at(at) - b.at(at)).abs() < 1e-12);
    }
}
