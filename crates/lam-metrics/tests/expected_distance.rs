//! Neighbours by expected distance, against the plain sums.

use lam_metrics::{
    Baseline, BaselineInputs, Baselines, Cutoffs, Evaluation, LabelledSet, MetricError, PlaceSet,
    SameLabel, Spread, evaluate, evaluate_places,
};
use lam_search::{Ranking, squared_distance};
use proptest::prelude::*;

const DIM: usize = 4;

#[derive(Debug)]
struct Case {
    embeddings: Vec<f32>,
    sigma: Vec<f32>,
    labels: Vec<u32>,
}

fn case() -> impl Strategy<Value = Case> {
    let image = (
        prop::collection::vec(-1.0f32..1.0, DIM),
        prop::collection::vec(0.0f32..0.8, DIM),
    );
    prop::collection::vec(image, 4..40).prop_map(|images| Case {
        labels: (0..images.len() as u32).map(|i| i % 2).collect(),
        embeddings: images.iter().flat_map(|(mean, _)| mean.clone()).collect(),
        sigma: images.iter().flat_map(|(_, sigma)| sigma.clone()).collect(),
    })
}

fn row(values: &[f32], i: usize) -> &[f32] {
    &values[i * DIM..(i + 1) * DIM]
}

/// `|μ_a − μ_b|² + Σ σ_b²` of every other image, in its order.
fn sorted(case: &Case, query: usize) -> Vec<(f64, usize)> {
    let mut others: Vec<(f64, usize)> = (0..case.labels.len())
        .filter(|&item| item != query)
        .map(|item| {
            let variance = row(&case.sigma, item)
                .iter()
                .fold(0.0, |sum, &s| sum + f64::from(s) * f64::from(s));
            let apart = squared_distance(row(&case.embeddings, query), row(&case.embeddings, item));
            (apart + variance, item)
        })
        .collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    others
}

proptest! {
    #[test]
    fn the_nearest_is_nearest_by_expectation(case in case()) {
        let cutoffs = Cutoffs::new(vec![1, 3], vec![2]).unwrap();
        let set = LabelledSet {
            embeddings: &case.embeddings,
            dim: DIM,
            labels: &case.labels,
            sigma: Some(&case.sigma),
            votes: None,
            ood_sigma: None,
            ranking: Ranking::Expected,
        };
        let evaluation = evaluate(&set, &cutoffs).unwrap();
        let mut right = [0.0; 2];
        for (query, nearest) in evaluation.nearest.iter().enumerate() {
            let sorted = sorted(&case, query);
            prop_assert_eq!(nearest.index as usize, sorted[0].1);
            prop_assert!((nearest.distance - sorted[0].0).abs() < 1e-12);
            for (hits, k) in right.iter_mut().zip([1, 3]) {
                let mut found = sorted.iter().take(k);
                let hit = found.any(|&(_, item)| case.labels[item] == case.labels[query]);
                *hits += f64::from(u8::from(hit));
            }
        }
        let queries = case.labels.len() as f64;
        for ((k, recall), hits) in evaluation.retrieval.recall.iter().zip(right) {
            prop_assert!((recall - hits / queries).abs() < 1e-12, "{}", k);
        }

        // The same images as queries and database apart.
        let itself: Vec<Option<u32>> = (0..case.labels.len() as u32).map(Some).collect();
        let places = PlaceSet {
            queries: &case.embeddings,
            database: &case.embeddings,
            dim: DIM,
            itself: Some(&itself),
            sigma: Some(Spread::among(&case.sigma)),
            ood_sigma: None,
            ranking: Ranking::Expected,
        };
        let apart = evaluate_places(&places, &SameLabel::between(&case.labels, &case.labels), &cutoffs).unwrap();
        prop_assert_eq!(apart.nearest, evaluation.nearest);
        prop_assert_eq!(apart.retrieval, evaluation.retrieval);
    }
}

/// Twelve images of three classes.
fn few(sigma: &[f32], ranking: Ranking) -> (Vec<f32>, Evaluation) {
    let embeddings: Vec<f32> = (0..48).map(|i| ((i * i) as f32).sin()).collect();
    let labels: Vec<u32> = (0..12).map(|i| i % 3).collect();
    let set = LabelledSet {
        embeddings: &embeddings,
        dim: DIM,
        labels: &labels,
        sigma: Some(sigma),
        votes: None,
        ood_sigma: None,
        ranking,
    };
    let evaluation = evaluate(&set, &Cutoffs::new(vec![1], vec![5]).unwrap()).unwrap();
    (embeddings, evaluation)
}

/// The distance that stands beside a posterior as a score of its own is that to the answer, with no spread in it.
#[test]
fn the_free_distance_has_no_spread_in_it() {
    let sigma: Vec<f32> = (0..48).map(|i| 0.1 * (i % 7) as f32).collect();
    let (embeddings, evaluation) = few(&sigma, Ranking::Expected);
    let terms = Ranking::Expected.terms(&sigma, DIM).unwrap();
    let known = BaselineInputs {
        embeddings: &embeddings,
        feature_norm: None,
        isotropic: None,
        output_spread: None,
        sigma: None,
        terms: Some(&terms),
    };
    let elsewhere = [0.4, -0.2, 0.9, 0.1];
    let foreign = BaselineInputs {
        embeddings: &elsewhere,
        ..known
    };
    let nearest = &evaluation.nearest;
    let baselines = Baselines::measure(&known, Some(&foreign), DIM, nearest).unwrap();
    let distance = baselines.get(Baseline::NeighbourDistance).unwrap();
    let found = distance.out_of_distribution.as_ref().unwrap();
    for (query, (known, answer)) in found.known.iter().zip(nearest).enumerate() {
        let answered = row(&embeddings, answer.index as usize);
        let apart = squared_distance(row(&embeddings, query), answered);
        assert_eq!(*known, apart.sqrt());
        assert!(apart <= answer.distance);
    }
    let apart = |item: usize| squared_distance(&elsewhere, row(&embeddings, item));
    let expected = |&a: &usize, &b: &usize| {
        let of = |item| apart(item) + terms[item];
        of(a).total_cmp(&of(b))
    };
    let answer = (0..12).min_by(expected).unwrap();
    assert_eq!(found.foreign, [apart(answer).sqrt()]);
    // The nearest by its mean alone is another one.
    assert!((0..12).any(|item| apart(item) < apart(answer)));
}

/// One spread for all changes nothing but the distance that is reported.
#[test]
fn equal_spreads_keep_the_order() {
    let of = |ranking| few(&[0.5; 48], ranking).1;
    let (plain, expected) = (of(Ranking::Distance), of(Ranking::Expected));
    assert_eq!(plain.retrieval, expected.retrieval);
    for (a, b) in plain.nearest.iter().zip(&expected.nearest) {
        assert_eq!((a.index, a.correct), (b.index, b.correct));
        assert!((b.distance - a.distance - 1.0).abs() < 1e-12);
    }
}

#[test]
fn expected_distance_needs_a_spread() {
    let set = LabelledSet {
        embeddings: &[0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0],
        dim: DIM,
        labels: &[0, 0],
        sigma: None,
        votes: None,
        ood_sigma: None,
        ranking: Ranking::Expected,
    };
    let error = evaluate(&set, &Cutoffs::new(vec![1], vec![1]).unwrap()).unwrap_err();
    assert!(matches!(error, MetricError::Empty { .. }), "{error}");
}
