//! A stored index of 100,000 items of dimension 128: opening it, and searching it exactly and by the graph.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lam_search::Ranking;
use lam_search::approximate::GraphOptions;
use lam_search::retrieval::{Queries, SearchOptions};
use lam_search::store::{Fingerprint, GraphState, Item, Reader, Spec, Writer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ITEMS: usize = 100_000;
const DIM: usize = 128;
const CLASSES: usize = 1000;
const QUERIES: usize = 256;

/// Rows `[count, DIM]` of length 1 around the centres of classes.
fn rows(count: usize, seed: u64) -> Vec<f32> {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let mut coordinate = || (0..6).map(|_| generator.random::<f32>() - 0.5).sum::<f32>();
    let centres: Vec<f32> = (0..CLASSES * DIM).map(|_| coordinate()).collect();
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut values = Vec::with_capacity(count * DIM);
    for i in 0..count {
        let centre = &centres[i % CLASSES * DIM..][..DIM];
        let row: Vec<f32> = centre
            .iter()
            .map(|x| x + (0..6).map(|_| generator.random::<f32>() - 0.5).sum::<f32>())
            .collect();
        let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        values.extend(row.iter().map(|x| x / norm));
    }
    values
}

fn stored(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder for the index");
    let path = folder.path().join("index");
    let spec = Spec {
        dim: DIM,
        spread: true,
        fingerprint: Fingerprint([0; 32]),
    };
    let mut writer = Writer::create(&path, spec).expect("an index");
    let values = rows(ITEMS, 2);
    let items: Vec<Item> = values
        .chunks(DIM)
        .enumerate()
        .map(|(i, row)| Item {
            sigma: Some(row.iter().map(|x| x.abs() * 0.1).collect()),
            label: Some((i % CLASSES) as u32),
            ..Item::new(i as u64, row.to_vec())
        })
        .collect();
    writer.add(&items).expect("items");
    drop(items);
    writer.compact().expect("a snapshot");
    let start = std::time::Instant::now();
    writer
        .ensure_graph(GraphOptions::default())
        .expect("a graph");
    let view = writer.view();
    if let GraphState::Ready(graph) = view.graph() {
        let seconds = start.elapsed().as_secs_f64();
        println!("graph: built in {seconds:.1} s, {} bytes", graph.bytes());
    }
    let values = rows(QUERIES, 3);
    let queries = Queries::new(&values, DIM).expect("queries");
    let one = Queries::new(&values[..DIM], DIM).expect("a query");
    let efs = [10, 20, 50, 100, 200, 400];
    for recall in view.measure_recall(&queries, 10, &efs).expect("recall") {
        println!("recall@10 at ef {}: {:.4}", recall.ef, recall.recall);
    }

    let mut group = criterion.benchmark_group("stored_100000x128");
    group.sample_size(10);
    group.bench_function("open", |bencher| {
        bencher.iter(|| black_box(Reader::open(&path).expect("an index")));
    });
    let exact = SearchOptions::exact(10);
    let expected = SearchOptions {
        ranking: Ranking::Expected,
        ..exact
    };
    let mut cases = vec![
        ("exact".to_owned(), exact),
        ("expected".to_owned(), expected),
    ];
    cases.extend(efs.map(|ef| (format!("ef_{ef}"), SearchOptions::approximate(10, ef))));
    for (name, options) in cases {
        group.bench_function(format!("{name}/1"), |bencher| {
            bencher.iter(|| black_box(view.search(&one, &options).expect("an answer")));
        });
        group.bench_function(format!("{name}/{QUERIES}"), |bencher| {
            bencher.iter(|| black_box(view.search(&queries, &options).expect("answers")));
        });
    }
    group.finish();
}

criterion_group!(benches, stored);
criterion_main!(benches);
