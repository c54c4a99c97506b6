//! Fitted whitenings by what they promise.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::{assert_close, device, host, tensor};
use lam_model::ModelError;
use lam_model::whitening::{Whitening, learned, pca};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

const INPUTS: usize = 5;

/// Rows `[count, 5]` that vary differently in different directions, around a mean that is not 0.
fn rows(count: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let mix: Vec<f64> = (0..INPUTS * INPUTS)
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    (0..count)
        .flat_map(|_| {
            let free: Vec<f64> = (0..INPUTS)
                .map(|k| rng.random_range(-1.0..1.0) * (1.0 + k as f64))
                .collect();
            (0..INPUTS)
                .map(|i| {
                    3.0 + (0..INPUTS)
                        .map(|j| mix[i * INPUTS + j] * free[j])
                        .sum::<f64>()
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// `[D, D]`, of rows `[N, D]` around a point.
fn second_moment(rows: &[f64], dim: usize, around: &[f64]) -> Vec<f64> {
    let count = (rows.len() / dim) as f64;
    let mut moment = vec![0.0; dim * dim];
    for row in rows.chunks_exact(dim) {
        for i in 0..dim {
            for j in 0..dim {
                moment[i * dim + j] += (row[i] - around[i]) * (row[j] - around[j]) / count;
            }
        }
    }
    moment
}

fn is_identity(matrix: &[f64], dim: usize) {
    for i in 0..dim {
        for j in 0..dim {
            let want = f64::from(u8::from(i == j));
            assert!(
                (matrix[i * dim + j] - want).abs() < 1e-8,
                "{i} {j}: {}",
                matrix[i * dim + j]
            );
        }
    }
}

/// Pairs of rows, each the other with a little noise.
fn with_matches(count: usize, seed: u64) -> (Vec<f64>, Vec<(usize, usize)>) {
    let mut all = rows(count, seed);
    let mut rng = ChaCha12Rng::seed_from_u64(seed + 1);
    let matches: Vec<f64> = all
        .iter()
        .enumerate()
        .map(|(i, v)| v + rng.random_range(-0.2..0.2) * (1.0 + (i % INPUTS) as f64))
        .collect();
    all.extend(matches);
    (all, (0..count).map(|i| (i, i + count)).collect())
}

#[test]
fn principal_components_leave_unit_covariance() {
    let rows = rows(200, 1);
    for outputs in [1, 3, INPUTS] {
        let whitening = pca(&rows, INPUTS, outputs).unwrap();
        assert_eq!(whitening.dims(), [outputs, INPUTS]);
        let white = whitening.apply(&rows);
        is_identity(
            &second_moment(&white, outputs, &vec![0.0; outputs]),
            outputs,
        );
    }
    // Fewer directions are the first of more.
    let first = |w: &Whitening| {
        w.apply(&rows)
            .iter()
            .step_by(w.dims()[0])
            .copied()
            .collect::<Vec<_>>()
    };
    let (few, all) = (
        pca(&rows, INPUTS, 1).unwrap(),
        pca(&rows, INPUTS, INPUTS).unwrap(),
    );
    for (a, b) in first(&few).iter().zip(first(&all)) {
        assert!((a - b).abs() < 1e-9);
    }
}

#[test]
fn learned_whitening_makes_matches_alike_in_every_direction() {
    let (rows, pairs) = with_matches(150, 7);
    let whitening = learned(&rows, INPUTS, &pairs, INPUTS).unwrap();
    let white = whitening.apply(&rows);
    let difference: Vec<f64> = pairs
        .iter()
        .flat_map(|&(a, b)| (0..INPUTS).map(move |k| (a, b, k)))
        .map(|(a, b, k)| white[a * INPUTS + k] - white[b * INPUTS + k])
        .collect();
    is_identity(&second_moment(&difference, INPUTS, &[0.0; INPUTS]), INPUTS);
    // All rows vary along the axes only, most along the first.
    let spread = second_moment(&white, INPUTS, &[0.0; INPUTS]);
    for i in 0..INPUTS {
        for j in 0..INPUTS {
            if i != j {
                assert!(spread[i * INPUTS + j].abs() < 1e-8 * spread[0]);
            }
        }
        assert!(i == 0 || spread[i * INPUTS + i] <= spread[(i - 1) * INPUTS + i - 1]);
    }
    // The queries' mean is the origin.
    let queries = &white[..150 * INPUTS];
    for k in 0..INPUTS {
        let mean: f64 = queries.iter().skip(k).step_by(INPUTS).sum::<f64>() / 150.0;
        assert!(mean.abs() < 1e-9);
    }
}

#[test]
fn a_head_made_of_a_whitening_does_the_same() {
    let rows = rows(50, 3);
    let whitening = pca(&rows, INPUTS, 3).unwrap();
    let device = device();
    let z = whitening
        .head(&device)
        .forward(tensor::<2>(&rows, &[50, INPUTS], &device));
    assert_close("head", &host(z), &whitening.apply(&rows), 1e-5);
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let four = rows(4, 1);
    let says = |result: Result<Whitening, ModelError>, part: &str| {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    };
    says(
        pca(&four, INPUTS, INPUTS),
        "4 embeddings vary in 3 directions",
    );
    says(pca(&four, INPUTS, 6), "6 of 5");
    says(pca(&four, INPUTS, 0), "0 of 5");
    says(pca(&four[1..], INPUTS, 2), "no rows of 5");
    says(pca(&[f64::NAN; INPUTS], INPUTS, 1), "not finite");
    says(pca(&[], INPUTS, 1), "0 directions");
    says(learned(&four, INPUTS, &[], 2), "no matching pairs");
    says(learned(&four, INPUTS, &[(0, 4)], 2), "row 4 of 4");
    says(learned(&four, INPUTS, &[(1, 1)], 2), "alike");
    // Fewer pairs than dimensions: still a whitening.
    let few = learned(&four, INPUTS, &[(0, 1), (2, 3)], 2).unwrap();
    assert!(few.apply(&four).iter().all(|v| v.is_finite()));
}

proptest! {
    /// Neither the order of the rows nor a shift of all of them changes distances after whitening.
    #[test]
    fn distances_know_neither_order_nor_origin(seed in 0_u64..500, shift in -10.0_f64..10.0) {
        let rows = rows(40, seed);
        let moved: Vec<f64> = rows
            .chunks_exact(INPUTS)
            .rev()
            .flat_map(|row| row.iter().map(|v| v + shift).collect::<Vec<_>>())
            .collect();
        let white = pca(&rows, INPUTS, INPUTS).unwrap().apply(&rows);
        let other = pca(&moved, INPUTS, INPUTS).unwrap().apply(&moved);
        let distance = |w: &[f64], i: usize, j: usize| -> f64 {
            (0..INPUTS).map(|k| (w[i * INPUTS + k] - w[j * INPUTS + k]).powi(2)).sum()
        };
        for i in 0..39 {
            let (a, b) = (distance(&white, i, i + 1), distance(&other, 39 - i, 38 - i));
            prop_assert!((a - b).abs() < 1e-6 * (1.0 + a), "{} {}", a, b);
        }
    }
}
