//! Scores without a fitted posterior, against plain counting.

use crate::common::Noise;
use lam_metrics::{
    Baseline, BaselineInputs, Baselines, Cutoffs, Evaluation, LabelledSet, MetricError, Nearest,
    evaluate,
};
use lam_search::Ranking;

const DIM: usize = 3;

struct Images {
    embeddings: Vec<f32>,
    norms: Vec<f32>,
    isotropic: Vec<f32>,
}

impl Images {
    fn random(noise: &mut Noise, count: usize, shift: f64) -> Self {
        let mut values = |n: usize| -> Vec<f32> {
            let one = |_| (noise.uniform() + shift) as f32;
            (0..n).map(one).collect()
        };
        Self {
            embeddings: values(count * DIM),
            norms: values(count),
            isotropic: values(count * DIM),
        }
    }

    fn inputs(&self) -> BaselineInputs<'_> {
        BaselineInputs {
            embeddings: &self.embeddings,
            feature_norm: Some(&self.norms),
            isotropic: Some(&self.isotropic),
            output_spread: Some(&self.norms),
            sigma: Some(&self.isotropic),
            terms: None,
        }
    }

    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.embeddings.chunks(DIM)
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

fn area(low: &[f64], high: &[f64]) -> f64 {
    let mut sum = 0.0;
    for high in high {
        for low in low {
            sum += if high > low {
                1.0
            } else if high < low {
                0.0
            } else {
                0.5
            };
        }
    }
    sum / (low.len() * high.len()) as f64
}

fn evaluation(
    known: &Images,
    labels: &[u32],
    sigma: Option<&[f32]>,
    ood: Option<&[f32]>,
) -> Evaluation {
    let set = LabelledSet {
        embeddings: &known.embeddings,
        dim: DIM,
        labels,
        sigma,
        votes: None,
        ood_sigma: ood,
        ranking: Ranking::Distance,
    };
    evaluate(&set, &Cutoffs::default()).unwrap()
}

#[test]
fn equal_plain_counting() {
    let mut noise = Noise(5);
    let known = Images::random(&mut noise, 60, 0.1);
    let foreign = Images::random(&mut noise, 40, 0.3);
    let labels: Vec<u32> = (0..60).map(|_| (noise.uniform() * 3.0) as u32).collect();
    let nearest = evaluation(&known, &labels, None, None).nearest;
    let baselines =
        Baselines::measure(&known.inputs(), Some(&foreign.inputs()), DIM, &nearest).unwrap();
    let (auroc, r_auroc) = (0, 3);
    let values = |baseline| {
        baselines
            .get(baseline)
            .unwrap()
            .values()
            .map(Option::unwrap)
    };
    let close =
        |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    let split = |scores: &[f64]| -> (Vec<f64>, Vec<f64>) {
        let of = |wanted| {
            let pairs = scores
                .iter()
                .zip(&nearest)
                .filter(|(_, n)| n.correct == wanted);
            pairs.map(|(s, _)| *s).collect()
        };
        (of(true), of(false))
    };

    let known_distance: Vec<f64> = known
        .rows()
        .enumerate()
        .map(|(i, row)| {
            let others = known.rows().enumerate().filter(|(j, _)| *j != i);
            others
                .map(|(_, other)| distance(row, other))
                .fold(f64::INFINITY, f64::min)
        })
        .collect();
    let foreign_distance: Vec<f64> = foreign
        .rows()
        .map(|row| {
            known
                .rows()
                .map(|other| distance(row, other))
                .fold(f64::INFINITY, f64::min)
        })
        .collect();
    let found = values(Baseline::NeighbourDistance);
    close(found[auroc], area(&known_distance, &foreign_distance));
    let (right, wrong) = split(&known_distance);
    close(found[r_auroc], area(&right, &wrong));

    let negated = |norms: &[f32]| norms.iter().map(|n| -f64::from(*n)).collect::<Vec<_>>();
    let found = values(Baseline::FeatureNorm);
    close(
        found[auroc],
        area(&negated(&known.norms), &negated(&foreign.norms)),
    );
    let (right, wrong) = split(&negated(&known.norms));
    close(found[r_auroc], area(&right, &wrong));

    // The test's spreads are its norms: the same numbers the other way round.
    let plain = |norms: &[f32]| norms.iter().map(|n| f64::from(*n)).collect::<Vec<_>>();
    let found = values(Baseline::OutputSpread);
    close(
        found[auroc],
        area(&plain(&known.norms), &plain(&foreign.norms)),
    );
    let (right, wrong) = split(&plain(&known.norms));
    close(found[r_auroc], area(&right, &wrong));
}

/// A spread per dimension is judged by the very rules of the method's own.
#[test]
fn spreads_equal_the_method_with_that_spread() {
    let mut noise = Noise(6);
    let known = Images::random(&mut noise, 80, 0.1);
    let foreign = Images::random(&mut noise, 50, 0.3);
    let labels: Vec<u32> = (0..80).map(|_| (noise.uniform() * 3.0) as u32).collect();
    let method = evaluation(
        &known,
        &labels,
        Some(&known.isotropic),
        Some(&foreign.isotropic),
    );
    let baselines = Baselines::measure(
        &known.inputs(),
        Some(&foreign.inputs()),
        DIM,
        &method.nearest,
    )
    .unwrap();
    let found = baselines.get(Baseline::Isotropic).unwrap();
    // The test's own spread is the isotropic one.
    assert_eq!(Some(found), baselines.get(Baseline::EmbeddingSpread));
    assert_eq!(Some(&found.sparsification), method.sparsification.as_ref());
    assert_eq!(found.out_of_distribution, method.out_of_distribution);
    assert_eq!(found.r_auroc, method.r_auroc);
    let named = method.values();
    for (name, value) in lam_metrics::ScoreEvaluation::NAMES
        .iter()
        .zip(found.values())
    {
        assert!(named.contains(&((*name).to_owned(), value)), "{name}");
    }
}

/// The answer's score is that of query and neighbour: the query that is right but has an unsure
/// neighbour is removed before the one that is wrong and sure.
#[test]
fn feature_norms_of_query_and_neighbour_add_up() {
    let nearest = [(1, true), (2, true), (1, false)].map(|(index, correct)| Nearest {
        index,
        distance: 1.0,
        correct,
    });
    let score = lam_metrics::ScalarScore::from_images(
        vec![-5.0, -3.0, -1.0],
        &[-5.0, -3.0, -1.0],
        None,
        &nearest,
    );
    assert_eq!(score.unwrap().answers, [-8.0, -4.0, -4.0]);
    let outside =
        lam_metrics::ScalarScore::from_images(vec![0.0, 0.0], &[0.0, 0.0], None, &nearest[..2]);
    assert!(matches!(outside.unwrap_err(), MetricError::Length { .. }));
}

#[test]
fn names_are_stable_and_missing_parts_are_left_out() {
    let mut noise = Noise(7);
    let known = Images::random(&mut noise, 20, 0.0);
    let labels = vec![1; 20];
    let nearest = evaluation(&known, &labels, None, None).nearest;
    let bare = BaselineInputs {
        feature_norm: None,
        isotropic: None,
        output_spread: None,
        sigma: None,
        ..known.inputs()
    };
    let all = Baselines::measure(&known.inputs(), Some(&known.inputs()), DIM, &nearest).unwrap();
    let few = Baselines::measure(&bare, None, DIM, &nearest).unwrap();
    let names = |b: &Baselines| {
        b.values()
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&all), names(&few));
    assert_eq!(names(&all)[0], "baseline.isotropic.auroc");
    assert_eq!(names(&all)[11], "baseline.neighbour_distance.r_auroc");
    assert_eq!(names(&all)[15], "baseline.output_spread.r_auroc");
    assert_eq!(names(&all)[19], "baseline.embedding_spread.r_auroc");
    let defined: Vec<String> = few
        .values()
        .into_iter()
        .filter(|(_, value)| value.is_some())
        .map(|(name, _)| name)
        .collect();
    // All neighbours are right, so that AUSC is all that there is.
    assert_eq!(defined, ["baseline.neighbour_distance.ausc"]);
}

#[test]
fn wrong_input_is_an_error() {
    let mut noise = Noise(8);
    let known = Images::random(&mut noise, 10, 0.0);
    let nearest = evaluation(&known, &[1; 10], None, None).nearest;
    let measure =
        |inputs: BaselineInputs<'_>| Baselines::measure(&inputs, None, DIM, &nearest).unwrap_err();
    for bad in [&[1.0_f32; 9][..], &[f32::NAN; 10]] {
        measure(BaselineInputs {
            feature_norm: Some(bad),
            ..known.inputs()
        });
        measure(BaselineInputs {
            isotropic: Some(bad),
            ..known.inputs()
        });
    }
    measure(BaselineInputs {
        embeddings: &known.embeddings[..27],
        ..known.inputs()
    });
    let nobody = BaselineInputs {
        embeddings: &[],
        feature_norm: Some(&[]),
        isotropic: Some(&[]),
        output_spread: Some(&[]),
        sigma: Some(&[]),
        terms: None,
    };
    let error = Baselines::measure(&known.inputs(), Some(&nobody), DIM, &nearest).unwrap_err();
    assert!(matches!(error, MetricError::OneKind { .. }), "{error}");
}
