//! Distances, expected distances, votes and thresholds against their definitions.

use crate::common::{directions, generator, items, normal, spec, unit};
use lam_search::Ranking;
use lam_search::retrieval::{Method, Queries, SearchOptions, Verdict};
use lam_search::store::{Item, ItemId, StoreError, View, Writer};
use lam_search::{SearchError, squared_distance};
use proptest::prelude::*;

fn view_of(
    items: &[Item],
    dim: usize,
    compact_at: usize,
    removed: &[ItemId],
) -> std::sync::Arc<View> {
    let folder = tempfile::tempdir().unwrap();
    let spread = items.first().is_none_or(|item| item.sigma.is_some());
    let mut writer = Writer::create(folder.path(), spec(dim, spread)).unwrap();
    writer.add(&items[..compact_at]).unwrap();
    writer.compact().unwrap();
    writer.add(&items[compact_at..]).unwrap();
    writer.remove(removed).unwrap();
    writer.view()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Snapshot and log, some items removed: the plain double loop finds the same, bit for bit.
    #[test]
    fn the_plain_loop(
        count in 1..400_usize,
        dim in prop_oneof![1..10_usize, Just(33)],
        k in 1..40_usize,
        part in 0.0..1.0_f64,
        removed in prop::collection::vec(0..400_usize, 0..200),
        seed: u64,
    ) {
        let mut items = items(count, dim, true, seed);
        // Some at the same place, told apart by their order.
        for i in (0..count).step_by(3) {
            items[i].mean = items[0].mean.clone();
            items[i].sigma = items[0].sigma.clone();
        }
        let gone: Vec<ItemId> = removed.iter().filter_map(|&i| items.get(i)).map(|i| i.id.clone()).collect();
        let view = view_of(&items, dim, (count as f64 * part) as usize, &gone);
        let queries = 15;
        let means = directions(queries, dim, seed ^ 1);
        let sigmas: Vec<f32> = directions(queries, dim, seed ^ 2).iter().map(|x| x.abs()).collect();
        let given = Queries::new(&means, dim).unwrap().with_sigmas(&sigmas).unwrap();
        let variance = |sigma: &[f32]| sigma.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>();
        for ranking in [Ranking::Distance, Ranking::Expected] {
            let options = SearchOptions { k, method: Method::Exact, ranking };
            let answers = view.search(&given, &options).unwrap();
            for (q, answer) in answers.iter().enumerate() {
                let mut all: Vec<(f64, u32)> = items
                    .iter()
                    .zip(0..)
                    .filter(|(item, _)| !gone.contains(&item.id))
                    .map(|(item, slot)| {
                        let mut distance = 0.0;
                        for d in 0..dim {
                            distance += (f64::from(means[q * dim + d]) - f64::from(item.mean[d])).powi(2);
                        }
                        if ranking == Ranking::Expected {
                            distance += variance(item.sigma.as_ref().unwrap());
                        }
                        (distance, slot)
                    })
                    .collect();
                all.sort_by(|a, b| a.partial_cmp(b).unwrap());
                all.truncate(k);
                let slots: Vec<u32> = answer.hits.iter().map(|hit| hit.slot).collect();
                let expected: Vec<u32> = all.iter().map(|(_, slot)| *slot).collect();
                prop_assert_eq!(slots, expected);
                for (hit, (score, slot)) in answer.hits.iter().zip(all) {
                    let item = &items[slot as usize];
                    let own = variance(&sigmas[q * dim..][..dim]);
                    match ranking {
                        Ranking::Distance => prop_assert_eq!((hit.distance, hit.expected), (score, None)),
                        Ranking::Expected => {
                            prop_assert_eq!(hit.expected, Some(score + own));
                            let distance = squared_distance(&means[q * dim..][..dim], &item.mean);
                            prop_assert_eq!(hit.distance, distance);
                        }
                    }
                    prop_assert_eq!(hit.label, item.label);
                    prop_assert_eq!(hit.uncertainty, item.uncertainty);
                }
            }
        }
    }
}

/// The closed form against the mean over draws from both Gaussians, within five standard errors.
#[test]
fn expected_distance_is_the_mean_of_sampled_ones() {
    let dim = 6;
    let items = items(5, dim, true, 3);
    let view = view_of(&items, dim, 3, &[]);
    let mean = directions(1, dim, 4);
    let sigma = [0.3, 0.05, 0.2, 0.0, 0.1, 0.4];
    let queries = Queries::new(&mean, dim)
        .unwrap()
        .with_sigmas(&sigma)
        .unwrap();
    let options = SearchOptions {
        ranking: Ranking::Expected,
        ..SearchOptions::exact(5)
    };
    let answers = view.search(&queries, &options).unwrap();
    let mut generator = generator(5);
    for hit in &answers[0].hits {
        let item = view.item(hit.slot).unwrap();
        let item_sigma = item.sigma.unwrap();
        let draws = 100_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..draws {
            let distance: f64 = (0..dim)
                .map(|d| {
                    let a = f64::from(mean[d]) + f64::from(sigma[d]) * normal(&mut generator);
                    let b =
                        f64::from(item.mean[d]) + f64::from(item_sigma[d]) * normal(&mut generator);
                    (a - b) * (a - b)
                })
                .sum();
            sum += distance;
            squares += distance * distance;
        }
        let average = sum / f64::from(draws);
        let error = ((squares / f64::from(draws) - average * average) / f64::from(draws)).sqrt();
        let expected = hit.expected.unwrap();
        assert!(
            (average - expected).abs() < 5.0 * error,
            "{average} for {expected} ± {error}"
        );
        assert!(
            (expected - hit.distance) > 20.0 * error,
            "the spread is seen at all"
        );
    }
}

/// Each sample votes for the label of its nearest item, by a loop of its own.
#[test]
fn samples_vote() {
    let dim = 4;
    let items = items(60, dim, false, 13);
    let view = view_of(&items, dim, 40, &[items[5].id.clone()]);
    let (queries, per_query) = (7, 25);
    let mut generator = generator(14);
    let samples: Vec<f32> = (0..queries)
        .flat_map(|q| {
            let around = items[q * 8].mean.clone();
            (0..per_query)
                .flat_map(|_| {
                    unit(
                        around
                            .iter()
                            .map(|x| x + 0.5 * normal(&mut generator) as f32)
                            .collect(),
                    )
                })
                .collect::<Vec<_>>()
        })
        .collect();
    let votes = view
        .search_samples(&samples, per_query, Method::Exact)
        .unwrap();
    assert_eq!(votes.len(), queries);
    for (q, votes) in votes.iter().enumerate() {
        let mut counts = std::collections::HashMap::new();
        for s in 0..per_query {
            let sample = &samples[(q * per_query + s) * dim..][..dim];
            let others = items.iter().enumerate().filter(|(i, _)| *i != 5);
            let nearest = others
                .map(|(_, item)| (squared_distance(sample, &item.mean), item.label))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .unwrap();
            *counts.entry(nearest.1).or_insert(0) += 1;
        }
        assert_eq!(votes.samples, per_query);
        assert_eq!(
            votes
                .votes
                .iter()
                .copied()
                .collect::<std::collections::HashMap<_, _>>(),
            counts
        );
        assert!(
            votes
                .votes
                .is_sorted_by_key(|(_, count)| std::cmp::Reverse(*count))
        );
        for label in 0..5 {
            let share =
                f64::from(counts.get(&Some(label)).copied().unwrap_or(0) as u32) / per_query as f64;
            assert_eq!(votes.share(label), share);
        }
        let most = counts.values().max().unwrap();
        assert_eq!(votes.votes[0].1, *most);
        assert_eq!(votes.winner(), votes.votes[0].0);
    }
    assert!(
        votes.iter().any(|votes| votes.votes.len() > 1),
        "some disagree"
    );
    for (wrong, per_query) in [
        (&samples[..], 0),
        (&samples[dim..], per_query),
        (&samples[1..], 1),
    ] {
        assert!(
            view.search_samples(wrong, per_query, Method::Exact)
                .is_err()
        );
    }
    let empty = view_of(&[], dim, 0, &[]);
    assert!(
        empty
            .search_samples(&samples, per_query, Method::Exact)
            .is_err()
    );
}

/// Equal votes: the lower label first, none last.
#[test]
fn tied_votes_have_an_order() {
    let rows = [[1.0_f32, 0.0], [0.0, 1.0], [-1.0, 0.0]];
    let labels = [None, Some(9), Some(4)];
    let items: Vec<Item> = rows
        .iter()
        .zip(labels)
        .enumerate()
        .map(|(i, (row, label))| Item {
            label,
            ..Item::new(i as u64, row.to_vec())
        })
        .collect();
    let view = view_of(&items, 2, 3, &[]);
    let votes = view
        .search_samples(rows.as_flattened(), 3, Method::Exact)
        .unwrap();
    assert_eq!(votes[0].votes, [(Some(4), 1), (Some(9), 1), (None, 1)]);
}

#[test]
fn the_threshold_decides() {
    use Verdict::{Abstained, Accepted, Undecided};
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), spec(2, false)).unwrap();
    writer.add(&[Item::new(1, vec![1.0, 0.0])]).unwrap();
    let means = [1.0, 0.0, 0.0, 1.0, 0.6, 0.8];
    let uncertainties = [0.1, 0.2, 0.3];
    let bare = Queries::new(&means, 2).unwrap();
    let queries = bare.with_uncertainties(&uncertainties).unwrap();
    let verdicts = |writer: &Writer, queries: &Queries<'_>| -> Vec<Verdict> {
        let answers = writer
            .view()
            .search(queries, &SearchOptions::exact(1))
            .unwrap();
        answers.iter().map(|answer| answer.verdict).collect()
    };
    assert_eq!(verdicts(&writer, &queries), [Undecided; 3]);
    writer.set_threshold(Some(0.2)).unwrap();
    assert_eq!(verdicts(&writer, &queries), [Accepted, Accepted, Abstained]);
    assert_eq!(verdicts(&writer, &bare), [Undecided; 3]);
    writer.set_threshold(Some(f64::INFINITY)).unwrap();
    assert_eq!(verdicts(&writer, &queries), [Accepted; 3]);
    writer.set_threshold(None).unwrap();
    assert_eq!(verdicts(&writer, &queries), [Undecided; 3]);
}

/// The same answers from one thread and from several, for one query and for many.
#[test]
fn threads_and_batches_change_nothing() {
    let dim = 8;
    let items = items(2500, dim, false, 17);
    let view = view_of(&items, dim, 1200, &[]);
    let means = directions(300, dim, 18);
    let search = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let queries = Queries::new(&means, dim).unwrap();
        pool.install(|| view.search(&queries, &SearchOptions::exact(5)).unwrap())
    };
    let together = search(1);
    assert_eq!(together, search(4));
    for (row, answer) in means.chunks(dim).zip(&together) {
        let query = Queries::new(row, dim).unwrap();
        let alone = view.search(&query, &SearchOptions::exact(5)).unwrap();
        assert_eq!(&alone[0], answer);
    }
}

#[test]
fn wrong_queries_are_refused() {
    let view = view_of(&items(3, 2, false, 1), 2, 2, &[]);
    let good = Queries::new(&[1.0, 0.0], 2).unwrap();
    assert!(matches!(
        view.search(&good, &SearchOptions::exact(0)),
        Err(StoreError::Search(SearchError::ZeroNeighbours))
    ));
    let three = Queries::new(&[1.0, 0.0, 0.0], 3).unwrap();
    assert!(matches!(
        view.search(&three, &SearchOptions::exact(1)),
        Err(StoreError::Search(SearchError::DimensionMismatch {
            queries: 3,
            database: 2
        }))
    ));
    let expected = SearchOptions {
        ranking: Ranking::Expected,
        ..SearchOptions::exact(1)
    };
    assert!(matches!(
        view.search(&good, &expected),
        Err(StoreError::NoSpread)
    ));
    for wrong in [
        vec![f32::NAN, 0.0],
        vec![2.0, 0.0],
        vec![0.0, 0.0],
        vec![1.0],
    ] {
        assert!(Queries::new(&wrong, 2).is_err(), "{wrong:?}");
    }
    assert!(Queries::new(&[], 0).is_err());
    assert!(good.with_sigmas(&[0.1]).is_err());
    assert!(good.with_sigmas(&[0.1, -0.1]).is_err());
    assert!(good.with_uncertainties(&[]).is_err());
    assert!(good.with_uncertainties(&[f64::NAN]).is_err());
    let none = Queries::new(&[], 2).unwrap();
    assert_eq!(view.search(&none, &SearchOptions::exact(1)).unwrap(), []);
}
