//! Exact neighbours by dimension, number of rows and engine, on rows uniform on the sphere.
//!
//! `cargo bench -p lam-search`; threads by `RAYON_NUM_THREADS`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lam_search::{Engine, Index, Neighbour, Rows};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rows `[rows, dim]` of length 1, directions uniform but for a sum of uniforms in place of a normal.
fn sphere(rows: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut coordinate = || (0..6).map(|_| generator.random::<f32>() - 0.5).sum::<f32>();
    let mut values: Vec<f32> = (0..rows * dim).map(|_| coordinate()).collect();
    for row in values.chunks_mut(dim) {
        let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        row.iter_mut().for_each(|x| *x /= norm);
    }
    values
}

fn last(_: usize, found: &[Neighbour]) -> Option<u32> {
    found.last().map(|neighbour| neighbour.index)
}

/// Preparation and search of every row among the others: what one evaluation, or one weight sample, needs.
fn among_rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("among_10000_rows");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    for dim in [3, 6, 8, 16] {
        let values = sphere(10_000, dim, 1);
        for k in [1, 20] {
            for engine in [Engine::Tree, Engine::Product] {
                if engine == Engine::Tree && dim > Index::MAX_TREE_DIM {
                    continue;
                }
                let name = BenchmarkId::new(format!("{engine:?}/k={k}"), dim);
                group.bench_function(name, |bencher| {
                    bencher.iter(|| {
                        let rows = Rows::new(&values, dim).unwrap();
                        let index = Index::with_engine(rows, engine).unwrap();
                        index.map_rows(k, last).unwrap()
                    });
                });
            }
        }
    }
    group.finish();
}

/// A large database of many dimensions; the throughput is in multiplications with addition.
fn large_database(criterion: &mut Criterion) {
    const ROWS: usize = 100_000;
    const DIM: usize = 128;
    const QUERIES: usize = 1_000;
    let database = sphere(ROWS, DIM, 2);
    let queries = sphere(QUERIES, DIM, 3);
    let mut group = criterion.benchmark_group("large_database");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3))
        .throughput(Throughput::Elements((ROWS * DIM * QUERIES) as u64));
    let index = Index::new(Rows::new(&database, DIM).unwrap());
    group.bench_function("1000_queries/k=10", |bencher| {
        let queries = Rows::new(&queries, DIM).unwrap();
        bencher.iter(|| index.map(queries, 10, last).unwrap());
    });
    group.finish();
}

criterion_group!(benches, among_rows, large_database);
criterion_main!(benches);
