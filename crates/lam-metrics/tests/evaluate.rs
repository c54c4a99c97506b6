//! The front door: edges, invariances, two sets.

use lam_metrics::{
    Cutoffs, Evaluation, LabelledSet, ListedPositives, MetricError, PositivesWhere, SameLabel,
    evaluate, evaluate_retrieval, evaluate_retrieval_between, neighbour_votes,
};
use lam_search::Ranking;
use proptest::prelude::*;

#[derive(Debug)]
struct Case {
    dim: usize,
    labels: Vec<u32>,
    embeddings: Vec<f32>,
    sigma: Vec<f32>,
    samples: Vec<Vec<f32>>,
    ood_sigma: Vec<f32>,
}

impl Case {
    fn evaluate(&self) -> Result<Evaluation, MetricError> {
        let votes = neighbour_votes(&self.samples.concat(), &self.labels, self.dim)?;
        evaluate(
            &LabelledSet {
                embeddings: &self.embeddings,
                dim: self.dim,
                labels: &self.labels,
                sigma: Some(&self.sigma),
                votes: Some(&votes),
                ood_sigma: Some(&self.ood_sigma),
                ranking: Ranking::Distance,
            },
            &Cutoffs::default(),
        )
    }

    fn reversed(&self) -> Self {
        let rows = |values: &[f32]| values.chunks(self.dim).rev().flatten().copied().collect();
        Self {
            dim: self.dim,
            labels: self.labels.iter().rev().copied().collect(),
            embeddings: rows(&self.embeddings),
            sigma: rows(&self.sigma),
            samples: self.samples.iter().map(|s| rows(s)).collect(),
            ood_sigma: rows(&self.ood_sigma),
        }
    }
}

/// Values without ties, but for an odd chance.
fn floats(len: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(0.0..1.0_f32, len)
}

fn case() -> impl Strategy<Value = Case> {
    (2..60_usize, 1..5_usize, 1..6_u32).prop_flat_map(|(images, dim, classes)| {
        (
            prop::collection::vec(0..classes, images),
            floats(images * dim),
            floats(images * dim),
            prop::collection::vec(floats(images * dim), 1..5),
            floats(20 * dim),
        )
            .prop_map(
                move |(labels, embeddings, sigma, samples, ood_sigma)| Case {
                    dim,
                    labels,
                    embeddings,
                    sigma,
                    samples,
                    ood_sigma,
                },
            )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bounded_and_named_and_independent_of_order(case in case()) {
        let evaluation = match case.evaluate() {
            Ok(evaluation) => evaluation,
            Err(MetricError::NoPositives { .. }) => return Ok(()),
            Err(error) => panic!("{error}"),
        };
        let values = evaluation.values();
        for (name, value) in &values {
            let bound = if name.starts_with("queries") || name == "nll" { f64::INFINITY } else { 1.0 };
            prop_assert!(value.is_none_or(|v| (0.0..=bound).contains(&v)), "{} {:?}", name, value);
        }
        let backwards = case.reversed().evaluate().unwrap().values();
        for ((name, a), (other, b)) in values.iter().zip(&backwards) {
            prop_assert_eq!(name, other);
            prop_assert_eq!(a.is_some(), b.is_some());
            let difference = (a.unwrap_or(0.0) - b.unwrap_or(0.0)).abs();
            prop_assert!(difference < 1e-12, "{}: {:?} and {:?}", name, a, b);
        }
    }

    /// Labels, lists and a function say the same; a set searched in itself is the set searched in a
    /// copy whose first neighbour, the query, is dropped.
    #[test]
    fn relevances_agree(case in case(), split in 1..59_usize) {
        let split = split.min(case.labels.len() - 1);
        let (query_labels, item_labels) = case.labels.split_at(split);
        let (queries, items) = case.embeddings.split_at(split * case.dim);
        let cutoffs = Cutoffs::default();
        let by_label = evaluate_retrieval_between(
            queries, items, case.dim, &SameLabel::between(query_labels, item_labels), &cutoffs);
        let listed: Vec<Vec<u32>> = query_labels
            .iter()
            .map(|label| (0..item_labels.len() as u32).rev().filter(|&i| item_labels[i as usize] == *label).collect())
            .collect();
        let listed = ListedPositives::new(listed, item_labels.len()).unwrap();
        let by_list = evaluate_retrieval_between(queries, items, case.dim, &listed, &cutoffs);
        let function = PositivesWhere::between(split, item_labels.len(), |q, i| query_labels[q] == item_labels[i]);
        let by_function = evaluate_retrieval_between(queries, items, case.dim, &function, &cutoffs);
        prop_assert_eq!(&by_label, &by_list);
        prop_assert_eq!(&by_label, &by_function);
    }
}

fn plain<'a>(embeddings: &'a [f32], labels: &'a [u32]) -> LabelledSet<'a> {
    LabelledSet {
        embeddings,
        dim: 1,
        labels,
        sigma: None,
        votes: None,
        ood_sigma: None,
        ranking: Ranking::Distance,
    }
}

#[test]
fn names_are_stable() {
    let with = |sigma| {
        let set = LabelledSet {
            sigma,
            ..plain(&[0.0, 1.0, 3.0], &[0, 0, 0])
        };
        let values = evaluate(&set, &Cutoffs::default()).unwrap().values();
        values.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let names = with(None);
    assert_eq!(names, with(Some(&[0.1, 0.2, 0.3])));
    assert_eq!(
        names.join(" "),
        "recall@1 recall@5 recall@10 recall@20 map@5 map@10 map@20 map@r auroc auprc \
         auprc_trapezoid ausc ece ece_open_last_bin ece_open_last_bin_drops brier nll r_auroc queries \
         queries_without_positives"
    );
}

#[test]
fn another_uncertainty_of_images_changes_only_how_unknown_ones_are_found() {
    let set = LabelledSet {
        sigma: Some(&[0.1, 0.2, 0.3]),
        ood_sigma: Some(&[0.15, 0.25]),
        ..plain(&[0.0, 1.0, 3.0], &[4, 4, 5])
    };
    let by_sigma = evaluate(&set, &Cutoffs::default()).unwrap();
    assert_eq!(
        by_sigma
            .out_of_distribution
            .as_ref()
            .unwrap()
            .ranking
            .auroc(),
        0.5
    );
    let given = by_sigma
        .clone()
        .with_image_uncertainty(vec![5.0, 6.0, 7.0], vec![8.0, 6.5]);
    let given = given.unwrap();
    let found = given.out_of_distribution.clone().unwrap();
    assert_eq!((found.known.len(), found.foreign), (3, vec![8.0, 6.5]));
    // Five of the six pairs are in order.
    assert!((found.ranking.auroc() - 5.0 / 6.0).abs() < 1e-12);
    let rest = Evaluation {
        out_of_distribution: by_sigma.out_of_distribution.clone(),
        ..given
    };
    assert_eq!(rest, by_sigma);

    let refused = |known, foreign| {
        by_sigma
            .clone()
            .with_image_uncertainty(known, foreign)
            .is_err()
    };
    assert!(refused(vec![1.0], vec![1.0]));
    assert!(refused(vec![1.0; 3], Vec::new()));
    assert!(refused(vec![1.0, f64::NAN, 1.0], vec![1.0]));
}

#[test]
fn one_class_has_no_mistakes() {
    let set = LabelledSet {
        sigma: Some(&[0.1, 0.2, 0.3]),
        ..plain(&[0.0, 1.0, 3.0], &[4, 4, 4])
    };
    let evaluation = evaluate(&set, &Cutoffs::default()).unwrap();
    assert_eq!(evaluation.r_auroc, None);
    assert_eq!(evaluation.retrieval.map_at_r, 1.0);
    assert_eq!(evaluation.retrieval.queries, 3);
}

#[test]
fn images_of_classes_of_their_own_are_counted() {
    let evaluation = evaluate(&plain(&[0.0, 1.0, 3.0], &[4, 4, 5]), &Cutoffs::default()).unwrap();
    assert_eq!(evaluation.retrieval.queries, 2);
    assert_eq!(evaluation.retrieval.queries_without_positives, 1);
    assert_eq!(evaluation.retrieval.recall[0], (1, 1.0));
    assert!(!evaluation.nearest[2].correct);
    assert_eq!(evaluation.nearest[2].distance, 4.0);
}

#[test]
fn undefined_sets_are_errors() {
    let error = |set: &LabelledSet<'_>| evaluate(set, &Cutoffs::default()).unwrap_err();
    assert_eq!(
        error(&plain(&[0.0], &[1])),
        MetricError::TooFewImages { images: 1 }
    );
    assert_eq!(
        error(&plain(&[], &[])),
        MetricError::TooFewImages { images: 0 }
    );
    assert_eq!(
        error(&plain(&[0.0, 1.0], &[1, 2])),
        MetricError::NoPositives { queries: 2 }
    );
    assert!(matches!(
        error(&plain(&[0.0, 1.0], &[1])),
        MetricError::Length { .. }
    ));
    assert!(matches!(
        error(&plain(&[0.0, f32::NAN], &[1, 1])),
        MetricError::Search(_)
    ));
    let two = plain(&[0.0, 1.0], &[1, 1]);
    assert!(matches!(
        error(&LabelledSet {
            ood_sigma: Some(&[0.1]),
            ..two
        }),
        MetricError::Empty { .. }
    ));
    assert_eq!(
        error(&LabelledSet {
            sigma: Some(&[0.1, 0.2]),
            ood_sigma: Some(&[]),
            ..two
        }),
        MetricError::OneKind {
            positives: 0,
            negatives: 2
        }
    );
    for sigma in [&[0.1, -0.1], &[0.1, f32::NAN]] {
        assert!(matches!(
            error(&LabelledSet {
                sigma: Some(sigma),
                ..two
            }),
            MetricError::NotFinite { index: 1, .. }
        ));
    }
    assert!(matches!(
        error(&LabelledSet {
            sigma: Some(&[0.1]),
            ..two
        }),
        MetricError::Length { .. }
    ));
}

#[test]
fn two_sets_must_fit() {
    let cutoffs = Cutoffs::default();
    let relevance = SameLabel::between(&[1], &[1, 2]);
    let between = |queries: &[f32], database: &[f32]| {
        evaluate_retrieval_between(queries, database, 1, &relevance, &cutoffs)
    };
    assert_eq!(between(&[0.0], &[0.0, 1.0]).unwrap().nearest[0].index, 0);
    assert!(matches!(
        between(&[0.0], &[0.0]).unwrap_err(),
        MetricError::Length {
            expected: 1,
            found: 2,
            ..
        }
    ));
    let nothing = SameLabel::between(&[], &[]);
    assert!(matches!(
        evaluate_retrieval_between(&[], &[], 1, &nothing, &cutoffs).unwrap_err(),
        MetricError::Empty { .. }
    ));
    assert!(evaluate_retrieval(&[0.0, 1.0], 1, &SameLabel::among(&[1, 1]), &cutoffs).is_ok());
    assert!(ListedPositives::new(vec![vec![2]], 2).is_err());
}
