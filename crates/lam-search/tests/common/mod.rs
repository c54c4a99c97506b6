//! Items and queries for the tests of stored indices.
#![allow(dead_code)]

use lam_search::store::{Fingerprint, Item, Spec, Writer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;

pub fn spec(dim: usize, spread: bool) -> Spec {
    Spec {
        dim,
        spread,
        fingerprint: Fingerprint([7; 32]),
    }
}

pub fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A standard normal number.
pub fn normal(generator: &mut ChaCha8Rng) -> f64 {
    let u: f64 = 1.0 - generator.random::<f64>();
    let angle = std::f64::consts::TAU * generator.random::<f64>();
    (-2.0 * u.ln()).sqrt() * angle.cos()
}

pub fn unit(mut row: Vec<f32>) -> Vec<f32> {
    let square: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let length = square.sqrt() as f32;
    row.iter_mut().for_each(|x| *x /= length);
    row
}

/// A direction uniform on the sphere.
pub fn direction(generator: &mut ChaCha8Rng, dim: usize) -> Vec<f32> {
    unit((0..dim).map(|_| normal(generator) as f32).collect())
}

pub fn directions(count: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut generator = generator(seed);
    let rows = (0..count).flat_map(|_| direction(&mut generator, dim));
    rows.collect()
}

/// Directions in `clusters` tight groups, row `i` in group `i % clusters`.
pub fn clustered(count: usize, dim: usize, clusters: usize, width: f64, seed: u64) -> Vec<f32> {
    let centres = directions(clusters, dim, seed);
    let mut generator = generator(seed ^ 77);
    let rows = (0..count).flat_map(|i| {
        let centre = &centres[i % clusters * dim..][..dim];
        let noisy = centre.iter();
        let noisy = noisy.map(|&x| x + (width * normal(&mut generator)) as f32);
        unit(noisy.collect())
    });
    rows.collect()
}

/// Items with everything set that can be set, ids numbers and names in turn, some without label.
pub fn items(count: usize, dim: usize, spread: bool, seed: u64) -> Vec<Item> {
    let mut generator = generator(seed);
    (0..count)
        .map(|i| {
            let mean = direction(&mut generator, dim);
            let label = (i % 7 != 6).then_some((i % 5) as u32);
            let deviation = |_| generator.random::<f32>() * 0.3;
            Item {
                label,
                class: label.filter(|_| i % 2 == 0).map(|l| format!("class ü {l}")),
                metadata: format!("images/{i}.png"),
                sigma: spread.then(|| (0..dim).map(deviation).collect()),
                uncertainty: (i % 3 != 2).then_some(i as f64 / 10.0),
                ..if i % 2 == 0 {
                    Item::new(i as u64, mean)
                } else {
                    Item::new(format!("item {i}"), mean)
                }
            }
        })
        .collect()
}

/// Everything that an index holds, in order.
pub fn all(writer: &Writer) -> Vec<Item> {
    writer.view().items().map(|item| item.to_item()).collect()
}

/// An index holding rows `[N, D]`, compacted.
pub fn index_of(folder: &Path, rows: &[f32], dim: usize) -> Writer {
    let mut writer = Writer::create(folder, spec(dim, false)).unwrap();
    let items: Vec<Item> = rows
        .chunks(dim)
        .enumerate()
        .map(|(i, row)| Item {
            label: Some((i % 10) as u32),
            ..Item::new(i as u64, row.to_vec())
        })
        .collect();
    writer.add(&items).unwrap();
    writer.compact().unwrap();
    writer
}
