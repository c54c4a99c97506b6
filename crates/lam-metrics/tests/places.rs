//! Queries in a database: against plain loops, against the evaluation of one set in itself, and its edges.

use crate::common::Noise;
use lam_metrics::{
    Baseline, BaselineInputs, Baselines, Cutoffs, Evaluation, LabelledSet, ListedPositives,
    MetricError, PlaceSet, PositivesWhere, SameLabel, Spread, evaluate, evaluate_places,
};
use lam_search::Ranking;
use proptest::prelude::*;

const DIM: usize = 3;

#[derive(Debug, Clone)]
struct Case {
    queries: Vec<f32>,
    database: Vec<f32>,
    query_sigma: Vec<f32>,
    database_sigma: Vec<f32>,
    ood_sigma: Vec<f32>,
    /// Positions of queries and items on a line, in metres.
    positions: (Vec<i32>, Vec<i32>),
    itself: Vec<Option<u32>>,
}

const METRES: i32 = 10;

impl Case {
    fn is_positive(&self, query: usize, item: usize) -> bool {
        (self.positions.0[query] - self.positions.1[item]).abs() < METRES
    }

    fn lists(&self) -> Vec<Vec<u32>> {
        (0..self.positions.0.len())
            .map(|q| {
                let items = 0..self.positions.1.len();
                items
                    .filter(|&i| self.is_positive(q, i))
                    .map(|i| i as u32)
                    .collect()
            })
            .collect()
    }

    fn set(&self) -> PlaceSet<'_> {
        PlaceSet {
            queries: &self.queries,
            database: &self.database,
            dim: DIM,
            itself: Some(&self.itself),
            sigma: Some(Spread {
                queries: &self.query_sigma,
                database: &self.database_sigma,
            }),
            ood_sigma: Some(&self.ood_sigma),
            ranking: Ranking::Distance,
        }
    }

    fn evaluate(&self) -> Result<Evaluation, MetricError> {
        let positives = ListedPositives::new(self.lists(), self.positions.1.len()).unwrap();
        evaluate_places(&self.set(), &positives, &Cutoffs::default())
    }
}

fn floats(len: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(0.0..1.0_f32, len)
}

fn case() -> impl Strategy<Value = Case> {
    (1..25_usize, 2..60_usize).prop_flat_map(|(queries, items)| {
        let itself = prop_oneof![Just(None), (0..items as u32).prop_map(Some)];
        (
            (floats(queries * DIM), floats(items * DIM)),
            (floats(queries * DIM), floats(items * DIM), floats(10 * DIM)),
            (
                prop::collection::vec(0..100_i32, queries),
                prop::collection::vec(0..100_i32, items),
            ),
            prop::collection::vec(itself, queries),
        )
            .prop_map(|((queries, database), sigma, positions, itself)| Case {
                queries,
                database,
                query_sigma: sigma.0,
                database_sigma: sigma.1,
                ood_sigma: sigma.2,
                positions,
                itself,
            })
    })
}

/// Items by their distance to a query, without the query itself.
fn ranked(case: &Case, query: usize) -> Vec<usize> {
    let row = |values: &[f32], i: usize| -> Vec<f64> {
        let row = &values[i * DIM..(i + 1) * DIM];
        row.iter().map(|&x| f64::from(x)).collect()
    };
    let distance = |item: usize| -> f64 {
        let (a, b) = (row(&case.queries, query), row(&case.database, item));
        a.iter().zip(&b).map(|(a, b)| (a - b) * (a - b)).sum()
    };
    let mut items: Vec<usize> = (0..case.positions.1.len())
        .filter(|&item| case.itself[query] != Some(item as u32))
        .collect();
    items.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)).then(a.cmp(&b)));
    items
}

/// All figures by plain loops, named as the library names them.
fn plain(case: &Case) -> Vec<(String, Option<f64>)> {
    let queries = case.positions.0.len();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mut recall = vec![vec![]; 4];
    let mut precision = vec![vec![]; 3];
    let mut at_r = vec![];
    let mut answers = vec![];
    let mut own = vec![];
    for q in 0..queries {
        let order = ranked(case, q);
        let flags: Vec<bool> = order
            .iter()
            .map(|&item| case.is_positive(q, item))
            .collect();
        let sum = |values: &[f32], i: usize| -> f64 {
            values[i * DIM..(i + 1) * DIM]
                .iter()
                .map(|&x| f64::from(x))
                .sum()
        };
        let of_query = sum(&case.query_sigma, q);
        answers.push((
            (of_query + sum(&case.database_sigma, order[0])) / DIM as f64,
            flags[0],
        ));
        own.push((of_query, flags[0]));
        let positives = flags.iter().filter(|&&f| f).count();
        if positives == 0 {
            continue;
        }
        for (values, k) in recall.iter_mut().zip([1, 5, 10, 20]) {
            values.push(f64::from(u8::from(flags.iter().take(k).any(|&f| f))));
        }
        let average_precision = |k: usize| -> f64 {
            let hits = |n: usize| flags[..n].iter().filter(|&&f| f).count() as f64;
            let places = (0..k.min(flags.len())).filter(|&i| flags[i]);
            places.map(|i| hits(i + 1) / (i + 1) as f64).sum::<f64>() / positives.min(k) as f64
        };
        for (values, k) in precision.iter_mut().zip([5, 10, 20]) {
            values.push(average_precision(k));
        }
        at_r.push(average_precision(positives));
    }
    // AUSC: at i %, the ⌊i·Q/100⌋ least sure answers are gone.
    answers.sort_by(|a, b| b.0.total_cmp(&a.0));
    let accuracy: Vec<f64> = (0..99)
        .map(|percent| {
            let left = &answers[queries * percent / 100..];
            left.iter().filter(|(_, right)| *right).count() as f64 / left.len() as f64
        })
        .collect();
    let ausc = (0..98)
        .map(|i| (accuracy[i] + accuracy[i + 1]) / 2.0)
        .sum::<f64>()
        / 99.0;
    let area = |low: &[f64], high: &[f64]| {
        let wins = high.iter().flat_map(|h| {
            low.iter().map(move |l| {
                if h > l {
                    1.0
                } else if h < l {
                    0.0
                } else {
                    0.5
                }
            })
        });
        let pairs = (low.len() * high.len()) as f64;
        (pairs > 0.0).then(|| wins.sum::<f64>() / pairs)
    };
    let foreign: Vec<f64> = case
        .ood_sigma
        .chunks(DIM)
        .map(|row| row.iter().map(|&x| f64::from(x)).sum())
        .collect();
    let of = |wanted: bool| -> Vec<f64> {
        own.iter()
            .filter(|(_, right)| *right == wanted)
            .map(|(sigma, _)| *sigma)
            .collect()
    };
    let known: Vec<f64> = own.iter().map(|(sigma, _)| *sigma).collect();
    let mut values = vec![];
    for (name, column) in ["recall@1", "recall@5", "recall@10", "recall@20"]
        .iter()
        .zip(&recall)
    {
        values.push(((*name).to_owned(), Some(mean(column))));
    }
    for (name, column) in ["map@5", "map@10", "map@20"].iter().zip(&precision) {
        values.push(((*name).to_owned(), Some(mean(column))));
    }
    for (name, value) in [
        ("map@r", Some(mean(&at_r))),
        ("ausc", Some(ausc)),
        ("auroc", area(&known, &foreign)),
        ("r_auroc", area(&of(true), &of(false))),
        ("queries", Some(at_r.len() as f64)),
        (
            "queries_without_positives",
            Some((queries - at_r.len()) as f64),
        ),
        ("ece", None),
        ("ece_open_last_bin", None),
        ("brier", None),
        ("nll", None),
    ] {
        values.push((name.to_owned(), value));
    }
    values
}

fn value(values: &[(String, Option<f64>)], name: &str) -> Option<f64> {
    values.iter().find(|(other, _)| other == name).unwrap().1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn equals_plain_loops(case in case()) {
        let found = match case.evaluate() {
            Ok(found) => found.values(),
            Err(MetricError::NoPositives { .. }) => {
                prop_assert_eq!(value(&plain(&case), "queries"), Some(0.0));
                return Ok(());
            }
            Err(error) => panic!("{error}"),
        };
        for (name, expected) in plain(&case) {
            let found = value(&found, &name);
            prop_assert_eq!(found.is_some(), expected.is_some(), "{}", name);
            let difference = (found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs();
            prop_assert!(difference < 1e-9, "{}: {:?} instead of {:?}", name, found, expected);
        }
    }

    /// A set searched in a copy of itself, each query's copy named: what a labelled set gives, bit for bit.
    #[test]
    fn a_copy_of_the_queries_is_the_set_itself(
        case in case(), classes in 1..5_u32, twin: bool,
    ) {
        let count = case.positions.1.len();
        let labels: Vec<u32> = (0..count as u32).map(|i| (i * 7 + 3) % classes).collect();
        let mut embeddings = case.database.clone();
        if twin {
            // Another image that looks the same stays a neighbour.
            embeddings.copy_within(0..DIM, DIM);
        }
        let labelled = evaluate(
            &LabelledSet {
                embeddings: &embeddings,
                dim: DIM,
                labels: &labels,
                sigma: Some(&case.database_sigma),
                votes: None,
                ood_sigma: Some(&case.ood_sigma),
                ranking: Ranking::Distance,
            },
            &Cutoffs::default(),
        );
        let itself: Vec<Option<u32>> = (0..count as u32).map(Some).collect();
        let set = PlaceSet {
            queries: &embeddings,
            database: &embeddings,
            dim: DIM,
            itself: Some(&itself),
            sigma: Some(Spread::among(&case.database_sigma)),
            ood_sigma: Some(&case.ood_sigma),
            ranking: Ranking::Distance,
        };
        let between = evaluate_places(&set, &SameLabel::between(&labels, &labels), &Cutoffs::default());
        prop_assert_eq!(labelled, between);
    }

    /// Lists and a function say the same; the order of the queries has no say.
    #[test]
    fn relevances_agree_and_order_does_not_matter(case in case()) {
        let listed = case.evaluate();
        let (queries, items) = (case.positions.0.len(), case.positions.1.len());
        let function = PositivesWhere::between(queries, items, |q, i| case.is_positive(q, i));
        prop_assert_eq!(&evaluate_places(&case.set(), &function, &Cutoffs::default()), &listed);
        let rows = |values: &[f32]| values.chunks(DIM).rev().flatten().copied().collect();
        let reversed = Case {
            queries: rows(&case.queries),
            query_sigma: rows(&case.query_sigma),
            positions: (case.positions.0.iter().rev().copied().collect(), case.positions.1.clone()),
            itself: case.itself.iter().rev().copied().collect(),
            ..case.clone()
        };
        if let Ok(listed) = listed {
            let backwards = reversed.evaluate().unwrap();
            prop_assert_eq!(&listed.retrieval, &backwards.retrieval);
            for ((name, a), (_, b)) in listed.values().iter().zip(backwards.values()) {
                let difference = (a.unwrap_or(0.0) - b.unwrap_or(0.0)).abs();
                prop_assert!(difference < 1e-12, "{}: {:?} and {:?}", name, a, b);
            }
        }
    }
}

fn noise(noise: &mut Noise, count: usize) -> Vec<f32> {
    (0..count).map(|_| noise.uniform() as f32).collect()
}

/// The uncertainty by which an answer is removed has the neighbour's spread from the database, and not that of the query
/// of the same number.
#[test]
fn the_neighbours_spread_is_that_of_the_database() {
    let positives = ListedPositives::new([[1_u32], [1]], 2).unwrap();
    let with = |sigma: Spread<'_>| {
        let set = PlaceSet {
            queries: &[0.0, 10.0],
            database: &[9.0, 1.0],
            dim: 1,
            itself: None,
            sigma: Some(sigma),
            ood_sigma: None,
            ranking: Ranking::Distance,
        };
        evaluate_places(&set, &positives, &Cutoffs::default()).unwrap()
    };
    // Query 0 meets item 1 (right), query 1 meets item 0 (wrong).
    let unsure_item_0 = with(Spread {
        queries: &[0.5, 0.4],
        database: &[0.9, 0.1],
    });
    let unsure_item_1 = with(Spread {
        queries: &[0.5, 0.4],
        database: &[0.1, 0.9],
    });
    let last = |evaluation: &Evaluation| evaluation.sparsification.as_ref().unwrap().accuracy[98];
    assert_eq!(last(&unsure_item_0), 1.0);
    assert_eq!(last(&unsure_item_1), 0.0);
}

/// With the queries as database, baselines between two sets are those of one.
#[test]
fn baselines_between_sets() {
    let mut source = Noise(4);
    let (count, items, foreigners) = (30, 50, 20);
    let sets = [count, items, foreigners].map(|n| {
        let mut values = |size| noise(&mut source, size);
        (values(n * DIM), values(n), values(n * DIM))
    });
    let inputs = sets
        .each_ref()
        .map(|(embeddings, norms, isotropic)| BaselineInputs {
            embeddings,
            feature_norm: Some(norms),
            isotropic: Some(isotropic),
            output_spread: Some(norms),
            sigma: None,
            terms: None,
        });
    let [queries, database, foreign] = &inputs;
    let relevance = PositivesWhere::between(count, items, |q, i| (q + i) % 3 == 0);
    let set = PlaceSet {
        queries: queries.embeddings,
        database: database.embeddings,
        dim: DIM,
        itself: None,
        sigma: Some(Spread {
            queries: &sets[0].2,
            database: &sets[1].2,
        }),
        ood_sigma: Some(&sets[2].2),
        ranking: Ranking::Distance,
    };
    let own = evaluate_places(&set, &relevance, &Cutoffs::default()).unwrap();
    let found =
        Baselines::measure_between(queries, database, Some(foreign), DIM, &own.nearest).unwrap();
    // An isotropic spread is judged by the rules of the method's own.
    let isotropic = found.get(Baseline::Isotropic).unwrap();
    assert_eq!(Some(&isotropic.sparsification), own.sparsification.as_ref());
    assert_eq!(isotropic.out_of_distribution, own.out_of_distribution);
    assert_eq!(isotropic.r_auroc, own.r_auroc);
    // A foreign image is searched in the database.
    let ood = found.get(Baseline::NeighbourDistance).unwrap();
    let ood = ood.out_of_distribution.as_ref().unwrap();
    let nearest_item = |row: &[f32]| {
        let distances = sets[1].0.chunks(DIM).map(|item| {
            let pairs = row.iter().zip(item);
            pairs
                .map(|(a, b)| f64::from(a - b).powi(2))
                .sum::<f64>()
                .sqrt()
        });
        distances.fold(f64::INFINITY, f64::min)
    };
    for (row, found) in sets[2].0.chunks(DIM).zip(&ood.foreign) {
        assert!((nearest_item(row) - found).abs() < 1e-6);
    }
    for (row, found) in sets[0].0.chunks(DIM).zip(&ood.known) {
        assert!((nearest_item(row) - found).abs() < 1e-6);
    }
    // The norm of the neighbour comes from the database.
    let answers: Vec<f64> = own
        .nearest
        .iter()
        .enumerate()
        .map(|(q, n)| -f64::from(sets[0].1[q]) - f64::from(sets[1].1[n.index as usize]))
        .collect();
    let correct: Vec<bool> = own.nearest.iter().map(|n| n.correct).collect();
    let expected = lam_metrics::Sparsification::new(&answers, &correct).unwrap();
    assert_eq!(
        found.get(Baseline::FeatureNorm).unwrap().sparsification,
        expected
    );
    // What one of the sets lacks is left out.
    let bare = BaselineInputs {
        feature_norm: None,
        ..*database
    };
    let found = Baselines::measure_between(queries, &bare, None, DIM, &own.nearest).unwrap();
    assert!(found.get(Baseline::FeatureNorm).is_none());
    assert!(Baselines::measure_between(queries, queries, None, DIM, &own.nearest).is_err());
}

#[test]
fn undefined_sets_are_errors() {
    let positives = ListedPositives::new([vec![0_u32], vec![]], 2).unwrap();
    let set = PlaceSet {
        queries: &[0.0, 1.0],
        database: &[0.5, 2.0],
        dim: 1,
        itself: None,
        sigma: None,
        ood_sigma: None,
        ranking: Ranking::Distance,
    };
    let result = |set: &PlaceSet<'_>| evaluate_places(set, &positives, &Cutoffs::default());
    let evaluation = result(&set).unwrap();
    assert_eq!(evaluation.retrieval.queries, 1);
    assert_eq!(evaluation.retrieval.queries_without_positives, 1);
    let length = |set: &PlaceSet<'_>| {
        assert!(matches!(
            result(set).unwrap_err(),
            MetricError::Length { .. }
        ));
    };
    length(&PlaceSet {
        queries: &[0.0],
        ..set
    });
    length(&PlaceSet {
        database: &[0.0],
        ..set
    });
    length(&PlaceSet {
        itself: Some(&[None]),
        ..set
    });
    length(&PlaceSet {
        itself: Some(&[None, Some(2)]),
        ..set
    });
    let sigma = |queries, database| PlaceSet {
        sigma: Some(Spread { queries, database }),
        ..set
    };
    length(&sigma(&[0.1], &[0.1, 0.1]));
    length(&sigma(&[0.1, 0.1], &[0.1]));
    assert!(matches!(
        result(&sigma(&[0.1, 0.1], &[0.1, f32::NAN])).unwrap_err(),
        MetricError::NotFinite { index: 1, .. }
    ));
    assert!(matches!(
        result(&PlaceSet {
            ood_sigma: Some(&[0.1]),
            ..set
        })
        .unwrap_err(),
        MetricError::Empty { .. }
    ));
    // The only positive is the query itself.
    let itself = PlaceSet {
        itself: Some(&[Some(0), None]),
        ..set
    };
    assert_eq!(
        result(&itself).unwrap_err(),
        MetricError::NoPositives { queries: 2 }
    );
    let alone = PlaceSet {
        queries: &[0.0],
        database: &[0.0],
        itself: Some(&[Some(0)]),
        ..set
    };
    let positives = ListedPositives::new([[0_u32]], 1).unwrap();
    assert!(matches!(
        evaluate_places(&alone, &positives, &Cutoffs::default()).unwrap_err(),
        MetricError::Empty { .. }
    ));
}

/// As many pairs as no matrix could hold: 30,000 queries in 400,000 items, each with a few positives.
#[test]
fn many_queries_in_a_large_database() {
    let (queries, items) = (30_000, 400_000);
    let mut source = Noise(9);
    let database = noise(&mut source, items * DIM);
    // Each query near one item, its positive.
    let itself: Vec<usize> = (0..queries)
        .map(|_| (source.uniform() * items as f64) as usize)
        .collect();
    let embeddings: Vec<f32> = itself
        .iter()
        .flat_map(|&item| {
            database[item * DIM..(item + 1) * DIM]
                .iter()
                .map(|x| x + 1e-6)
        })
        .collect();
    let lists = itself.iter().map(|&item| [item as u32]);
    let positives = ListedPositives::new(lists, items).unwrap();
    let set = PlaceSet {
        queries: &embeddings,
        database: &database,
        dim: DIM,
        itself: None,
        sigma: None,
        ood_sigma: None,
        ranking: Ranking::Distance,
    };
    let evaluation = evaluate_places(&set, &positives, &Cutoffs::default()).unwrap();
    assert_eq!(evaluation.retrieval.queries, queries as u64);
    assert!(evaluation.retrieval.recall[0].1 > 0.99);
}
