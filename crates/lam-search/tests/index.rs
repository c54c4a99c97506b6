//! Every engine against the naive double loop, bit for bit.

use lam_search::{Engine, Index, Neighbour, Rows, SearchError};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Sorts all rows by distance, written without the crate's own distance.
fn naive(
    database: &[f32],
    queries: &[f32],
    dim: usize,
    k: usize,
    exclude_same: bool,
) -> Vec<Vec<(u32, f64)>> {
    let rows = |values: &[f32]| -> Vec<Vec<f64>> {
        values
            .chunks(dim)
            .map(|row| row.iter().map(|&x| f64::from(x)).collect())
            .collect()
    };
    let database = rows(database);
    rows(queries)
        .iter()
        .enumerate()
        .map(|(q, query)| {
            let mut all: Vec<(u32, f64)> = Vec::new();
            for (i, row) in database.iter().enumerate() {
                if exclude_same && i == q {
                    continue;
                }
                let mut distance = 0.0;
                for d in 0..dim {
                    distance += (query[d] - row[d]) * (query[d] - row[d]);
                }
                all.push((i as u32, distance));
            }
            all.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap().then(a.0.cmp(&b.0)));
            all.truncate(k);
            all
        })
        .collect()
}

fn pairs(_: usize, found: &[Neighbour]) -> Vec<(u32, f64)> {
    found.iter().map(|n| (n.index, n.distance)).collect()
}

fn engines(dim: usize) -> Vec<Engine> {
    if dim <= Index::MAX_TREE_DIM {
        vec![Engine::Auto, Engine::Tree, Engine::Product]
    } else {
        vec![Engine::Auto, Engine::Product]
    }
}

fn check(database: &[f32], queries: &[f32], dim: usize, k: usize) {
    let rows = Rows::new(database, dim).unwrap();
    let query_rows = Rows::new(queries, dim).unwrap();
    let among = naive(database, database, dim, k, true);
    let between = naive(database, queries, dim, k, false);
    for engine in engines(dim) {
        let index = Index::with_engine(rows, engine).unwrap();
        assert_eq!(index.map_rows(k, pairs).unwrap(), among, "{engine:?} among");
        assert_eq!(
            index.map(query_rows, k, pairs).unwrap(),
            between,
            "{engine:?} between"
        );
    }
}

fn random(len: usize, seed: u64, value: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    (0..len)
        .map(|_| value(generator.random::<f32>() * 2.0 - 1.0))
        .collect()
}

fn normalised(mut values: Vec<f32>, dim: usize) -> Vec<f32> {
    for row in values.chunks_mut(dim) {
        let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
        row.iter_mut().for_each(|x| *x /= norm);
    }
    values
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn random_rows(
        dim in prop_oneof![1..=9_usize, Just(16), Just(33), Just(128)],
        rows in 0..400_usize,
        queries in 0..100_usize,
        k in prop_oneof![1..=3_usize, Just(20), Just(70), Just(500)],
        seed: u64,
    ) {
        let database = random(rows * dim, seed, |x| x);
        let queries = random(queries * dim, seed ^ 1, |x| x);
        check(&database, &queries, dim, k);
    }

    /// Few distinct coordinates: most distances are tied and many rows are equal.
    #[test]
    fn ties(dim in 1..=10_usize, rows in 1..300_usize, k in 1..60_usize, levels in 1..4_i32, seed: u64) {
        let database = random(rows * dim, seed, |x| (x * levels as f32).round());
        let queries = random(40 * dim, seed ^ 1, |x| (x * levels as f32).round());
        check(&database, &queries, dim, k);
    }

    /// Additive terms, some so large that they decide alone.
    #[test]
    fn terms(dim in 1..=40_usize, rows in 1..300_usize, k in 1..40_usize, scale in 0..6_i32, seed: u64) {
        let database = random(rows * dim, seed, |x| x);
        let queries = random(40 * dim, seed ^ 1, |x| x);
        let terms: Vec<f64> = random(rows, seed ^ 2, |x| x.abs())
            .iter()
            .map(|&x| f64::from(x) * 10_f64.powi(2 * scale - 6))
            .collect();
        let mut expected = naive(&database, &queries, dim, rows, false);
        for found in &mut expected {
            found.iter_mut().for_each(|(row, distance)| *distance += terms[*row as usize]);
            found.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap().then(a.0.cmp(&b.0)));
            found.truncate(k);
        }
        let index = Index::with_terms(Rows::new(&database, dim).unwrap(), &terms).unwrap();
        let found = index.map(Rows::new(&queries, dim).unwrap(), k, pairs).unwrap();
        prop_assert_eq!(found, expected);
    }

    /// A tight cluster far from the origin: `|a|² + |b|² − 2ab` has no correct digit left.
    #[test]
    fn cancellation(dim in 1..=40_usize, rows in 1..300_usize, k in 1..40_usize, seed: u64) {
        let database = random(rows * dim, seed, |x| 1000.0 + x * 1e-3);
        let queries = random(40 * dim, seed ^ 1, |x| 1000.0 + x * 1e-3);
        check(&database, &queries, dim, k);
    }

    /// Rows around the query at distances that differ by less than `f32` can tell.
    #[test]
    fn near_ties(dim in 2..=20_usize, k in 1..30_usize, centre in 0.1..1.0_f32, seed: u64) {
        let mut database = normalised(random(1500 * dim, seed, |x| x), dim);
        database.iter_mut().for_each(|x| *x += centre);
        let rows = Rows::new(&database, dim).unwrap();
        let query = vec![centre; dim];
        let expected = naive(&database, &query, dim, k, false);
        for engine in engines(dim) {
            let index = Index::with_engine(rows, engine).unwrap();
            let found = index.map(Rows::new(&query, dim).unwrap(), k, pairs).unwrap();
            prop_assert_eq!(found, expected.clone(), "{:?}", engine);
        }
    }

    /// Magnitudes from where squares underflow to where they almost overflow.
    #[test]
    fn magnitudes(dim in 1..=12_usize, rows in 1..200_usize, k in 1..10_usize, exponent in -40..=17_i32, seed: u64) {
        let scale = 10.0_f64.powi(exponent) as f32;
        let database = random(rows * dim, seed, |x| x * scale);
        let queries = random(20 * dim, seed ^ 1, |x| x * scale);
        check(&database, &queries, dim, k);
    }

    /// Renumbering the rows renumbers the neighbours (distances are almost surely distinct).
    #[test]
    fn permutation(dim in prop_oneof![Just(3_usize), Just(16)], seed: u64) {
        let rows = 200;
        let database = random(rows * dim, seed, |x| x);
        let reversed: Vec<f32> = database.chunks(dim).rev().flatten().copied().collect();
        let nearest = |values: &[f32]| {
            Index::new(Rows::new(values, dim).unwrap()).map_rows(5, pairs).unwrap()
        };
        let mut back = nearest(&reversed);
        back.reverse();
        for (a, b) in nearest(&database).iter().zip(&back) {
            for (a, b) in a.iter().zip(b) {
                prop_assert_eq!((a.0, a.1), (rows as u32 - 1 - b.0, b.1));
            }
        }
    }
}

#[test]
fn many_rows_on_the_sphere() {
    for (dim, k) in [(3, 1), (3, 300), (8, 20), (16, 1), (64, 10)] {
        let database = normalised(random(3000 * dim, 7, |x| x), dim);
        let queries = normalised(random(300 * dim, 8, |x| x), dim);
        check(&database, &queries, dim, k);
    }
}

#[test]
fn collapsed_rows() {
    for dim in [3, 16] {
        check(&vec![0.25; 2000 * dim], &vec![0.5; 50 * dim], dim, 7);
    }
}

#[test]
fn result_is_independent_of_threads() {
    for dim in [3, 24] {
        let database = random(2000 * dim, 3, |x| (x * 8.0).round() / 8.0);
        let rows = Rows::new(&database, dim).unwrap();
        let with = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| Index::new(rows).map_rows(9, pairs).unwrap())
        };
        assert_eq!(with(1), with(3));
    }
}

#[test]
fn few_rows() {
    let none = Rows::new(&[], 3).unwrap();
    let one = Rows::new(&[1.0, 2.0, 3.0], 3).unwrap();
    for engine in [Engine::Tree, Engine::Product] {
        let index = Index::with_engine(none, engine).unwrap();
        assert!(index.map_rows(2, pairs).unwrap().is_empty());
        assert_eq!(index.map(one, 2, pairs).unwrap(), [vec![]]);
        let index = Index::with_engine(one, engine).unwrap();
        assert_eq!(index.map_rows(2, pairs).unwrap(), [vec![]]);
        assert_eq!(index.map(one, 2, pairs).unwrap(), [vec![(0, 0.0)]]);
        assert!(index.map(none, 2, pairs).unwrap().is_empty());
    }
}

#[test]
fn wrong_input_is_named() {
    let error = |values: &[f32], dim| Rows::new(values, dim).unwrap_err();
    assert_eq!(error(&[1.0], 0), SearchError::NoDimensions);
    assert_eq!(
        error(&[1.0; 5], 2),
        SearchError::RaggedRows { values: 5, dim: 2 }
    );
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = vec![0.0; 10_000];
        values[9_001] = value;
        let message = error(&values, 2).to_string();
        assert!(message.contains("row 4500"), "{message}");
        assert!(message.contains("dimension 1"), "{message}");
    }
    assert!(matches!(
        error(&[0.0, 0.0, -1e18, 0.0], 2),
        SearchError::TooLarge {
            row: 1,
            column: 0,
            ..
        }
    ));
    let values = [0.0; 18];
    let rows = Rows::new(&values, 9).unwrap();
    assert!(matches!(
        Index::with_engine(rows, Engine::Tree).unwrap_err(),
        SearchError::TreeDimension { dim: 9, .. }
    ));
    let index = Index::new(rows);
    assert_eq!(
        index.map_rows(0, pairs).unwrap_err(),
        SearchError::ZeroNeighbours
    );
    assert_eq!(
        index
            .map(Rows::new(&values, 2).unwrap(), 1, pairs)
            .unwrap_err(),
        SearchError::DimensionMismatch {
            queries: 2,
            database: 9
        }
    );
}

#[test]
fn terms_are_checked() {
    let values = [0.0, 1.0];
    let rows = Rows::new(&values, 1).unwrap();
    assert_eq!(
        Index::with_terms(rows, &[0.0]).unwrap_err(),
        SearchError::TermCount { terms: 1, rows: 2 }
    );
    for bad in [-1e-9, f64::NAN, f64::INFINITY, 1e37] {
        let error = Index::with_terms(rows, &[0.0, bad]).unwrap_err();
        assert!(matches!(error, SearchError::Term { row: 1, .. }), "{error}");
    }
}
