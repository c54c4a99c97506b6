//! Times an exact search; prints one JSON line of milliseconds. What another library's flat index is compared with.
//!
//! `cargo bench -p lam-search --bench exact -- ROWS DIM QUERIES K ROUNDS`. Preparation of the rows included.
#![allow(missing_docs)]

use std::time::Instant;

use lam_search::{Index, Neighbour, Rows};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    // `cargo bench` and `cargo test` add options of their own.
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .map(|a| a.parse())
        .collect::<Result<_, _>>()?;
    let [rows, dim, queries, k, rounds] = arguments[..] else {
        println!("usage: exact ROWS DIM QUERIES K ROUNDS");
        return Ok(());
    };
    let database = unit_rows(rows, dim, 1);
    let queries = unit_rows(queries, dim, 2);
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..=rounds {
        let start = Instant::now();
        let index = Index::new(Rows::new(&database, dim)?);
        let found = index.map(Rows::new(&queries, dim)?, k, nearest_first)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        std::hint::black_box(found);
    }
    // The first round pays for memory and threads.
    println!("{{\"search\": {:?}}}", times.get(1..).unwrap_or_default());
    Ok(())
}

fn nearest_first(_: usize, found: &[Neighbour]) -> Vec<u32> {
    found.iter().map(|neighbour| neighbour.index).collect()
}

/// Rows `[rows, dim]` of length 1, directions uniform but for a sum of uniforms in place of a normal.
fn unit_rows(rows: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut coordinate = || (0..6).map(|_| generator.random::<f32>() - 0.5).sum::<f32>();
    let mut values: Vec<f32> = (0..rows * dim).map(|_| coordinate()).collect();
    for row in values.chunks_mut(dim.max(1)) {
        let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        row.iter_mut().for_each(|x| *x /= norm);
    }
    values
}
