//! The running estimate of blocks and of whole matrices against dense algebra in double precision.

use std::num::NonZeroUsize;

use crate::common::*;
use burn::tensor::{DType, Device, Tensor, TensorData};
use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};
use lam_laplace::LaplaceError;
use lam_laplace::curvature::{Approximation, Curvature, PairHessian, Structure};
use lam_laplace::online::{OnlineConfig, OnlineCurvature};
use lam_laplace::posterior::Posterior;
use lam_model::head::{HeadWeights, PerLayer};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const OUTPUTS: usize = 3;
const STRUCTURES: [Structure; 2] = [Structure::Block, Structure::Full];

/// Numbers of a block, or of the whole matrix, row-major: one after the other.
fn matrices(curvature: &Curvature) -> Vec<f64> {
    match curvature {
        Curvature::Block(c) => numbers(c.blocks()),
        Curvature::Full(c) => numbers(c.matrix()),
        other => panic!("{:?}", other.structure()),
    }
}

fn side(structure: Structure, size: usize) -> usize {
    match structure {
        Structure::Block => size + 1,
        _ => OUTPUTS * (size + 1),
    }
}

fn step(case: &Case, structure: Structure, dtype: DType) -> Curvature {
    let bias = TensorData::new(case.bias.clone(), [OUTPUTS]);
    let head = HeadWeights::linear(
        tensor(&case.weight, dtype),
        Tensor::from_data(bias, (&Device::flex(), dtype)),
    );
    Curvature::of_batch(
        structure,
        &head,
        tensor(&case.features, dtype),
        tensor(&case.embeddings(), dtype),
        &case.counts(dtype),
        PairHessian::Arccos,
        Approximation::Full,
    )
    .unwrap()
}

/// Negative eigenvalues cut, matrix by matrix.
fn positive_part(values: &[f64], side: usize) -> Vec<f64> {
    let of_one = |values: &[f64]| -> Vec<f64> {
        let matrix = Mat::from_fn(side, side, |i, j| values[i * side + j]);
        let eigen = matrix.self_adjoint_eigen(Side::Lower).unwrap();
        let (e, v) = (eigen.S(), eigen.U());
        let entry = |i: usize, j: usize| -> f64 {
            (0..side)
                .map(|k| e[k].max(0.0) * v[(i, k)] * v[(j, k)])
                .sum()
        };
        (0..side * side)
            .map(|n| entry(n / side, n % side))
            .collect()
    };
    values.chunks_exact(side * side).flat_map(of_one).collect()
}

/// Batches that span the inputs, that do not, and one whose images are all the same.
fn cases(size: usize) -> Vec<Case> {
    let mut cases: Vec<Case> = (0..6)
        .map(|i| Case::random(3 + i, size, OUTPUTS, i as u64))
        .collect();
    let mut same = Case::random(4, size, OUTPUTS, 9);
    for row in &mut same.features {
        row.clone_from(&vec![0.5; size]);
    }
    cases.push(same);
    cases
}

fn start(structure: Structure, size: usize, config: OnlineConfig) -> OnlineCurvature {
    let layers = PerLayer::single([OUTPUTS, size]);
    let initial = Curvature::constant(structure, layers, config.init(), &Device::flex());
    OnlineCurvature::new(config, initial.unwrap())
}

fn zero_head(size: usize) -> HeadWeights {
    HeadWeights::linear(
        Tensor::zeros([OUTPUTS, size], &Device::flex()),
        Tensor::zeros([OUTPUTS], &Device::flex()),
    )
}

/// `H ← m·H + relu(step · scale / min(n, max_pairs))`, and the posterior of what came out.
#[test]
fn updates_and_samples_are_those_of_dense_algebra() {
    let (size, memory, scale, init, prior) = (6, 0.8, 3.0, 2.0, 0.5);
    let config = OnlineConfig::new(10)
        .with_memory_factor(memory)
        .and_then(|c| c.with_scale(scale))
        .and_then(|c| c.with_init(init))
        .unwrap();
    for structure in STRUCTURES {
        let side = side(structure, size);
        let mut online = start(structure, size, config);
        let mut expected = matrices(online.estimate());
        // Eight updates: the last one is decomposed.
        let cases = cases(size);
        for case in cases.iter().chain(&cases[..1]) {
            let counts = case.counts(DType::F32);
            online
                .update(step(case, structure, DType::F32), counts.triplets())
                .unwrap();
            let triplets = numbers(case.counts(DType::F64).triplets())[0].max(1.0);
            let plain = positive_part(&matrices(&step(case, structure, DType::F64)), side);
            for (e, plain) in expected.iter_mut().zip(plain) {
                *e = memory * *e + plain * scale / triplets;
            }
            let what = format!("{structure:?}, {} images", case.features.len());
            assert_close(&matrices(online.estimate()), &expected, 2e-6, &what);
        }
        let posterior = online.posterior(zero_head(size), prior).unwrap();
        samples_have_covariance(&*posterior, &expected, side, prior, size);
    }
}

/// Samples of weights beside the inverse of each matrix with the prior on its diagonal.
fn samples_have_covariance(
    posterior: &dyn Posterior,
    matrices: &[f64],
    side: usize,
    prior: f64,
    size: usize,
) {
    let count = 40_000;
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let drawn = posterior.sample(NonZeroUsize::new(count).unwrap(), &mut rng);
    let weight = numbers(drawn.layers.last.weight);
    let bias = numbers(drawn.layers.last.bias);
    let all = OUTPUTS * (size + 1);
    let value = |s: usize, p: usize| {
        let (k, j) = (p / (size + 1), p % (size + 1));
        if j == size {
            bias[s * OUTPUTS + k]
        } else {
            weight[(s * OUTPUTS + k) * size + j]
        }
    };
    let inverses: Vec<Mat<f64>> = matrices
        .chunks_exact(side * side)
        .map(|m| {
            let entry = |i, j| m[i * side + j] + if i == j { prior } else { 0.0 };
            Mat::from_fn(side, side, entry).partial_piv_lu().inverse()
        })
        .collect();
    let covariance = |p: usize, q: usize| {
        if p / side == q / side {
            inverses[p / side][(p % side, q % side)]
        } else {
            0.0
        }
    };
    for p in 0..all {
        for q in 0..=p {
            let sum: f64 = (0..count).map(|s| value(s, p) * value(s, q)).sum();
            let (found, wanted) = (sum / count as f64, covariance(p, q));
            // Five standard errors: var(w_p w_q) = Σ_pp Σ_qq + Σ_pq².
            let variance = covariance(p, p) * covariance(q, q) + wanted * wanted;
            let error = 5.0 * (variance / count as f64).sqrt();
            assert!(
                (found - wanted).abs() < error,
                "[{p}, {q}]: {found} {wanted} ± {error}"
            );
        }
    }
}

/// A step's posterior is the estimate's after 1, 2, 4, … and after every 128 updates; the one for evaluations always.
#[test]
fn steps_use_a_decomposition_of_before_and_evaluations_that_of_now() {
    let size = 4;
    let mean_deviation =
        |posterior: Result<Box<dyn Posterior>, LaplaceError>| posterior.unwrap().summary().mean;
    for structure in STRUCTURES {
        let mut online = start(structure, size, OnlineConfig::new(50));
        let (mut decomposed, mut kept) = (Vec::new(), f64::NAN);
        for update in 1..=300_u64 {
            let case = Case::random(5, size, OUTPUTS, update);
            let triplets = case.counts(DType::F32).triplets();
            online
                .update(step(&case, structure, DType::F32), triplets)
                .unwrap();
            let now = mean_deviation(online.estimate().posterior(zero_head(size), 1.0));
            let for_steps = mean_deviation(online.posterior(zero_head(size), 1.0));
            let for_evaluation = mean_deviation(online.current_posterior(zero_head(size), 1.0));
            assert_eq!(for_evaluation, now);
            if for_steps == now {
                decomposed.push(update);
                kept = now;
            }
            assert_eq!(for_steps, kept);
        }
        assert_eq!(decomposed, [1, 2, 4, 8, 16, 32, 64, 128, 256]);
    }
}

#[test]
fn heads_that_cannot_be_decomposed_during_training_are_refused() {
    let check = |structure, dims| OnlineCurvature::check(structure, &PerLayer::single(dims));
    for (structure, dims) in [
        (Structure::Diagonal, [3, 9216]),
        (Structure::Kron, [3, 9216]),
        (Structure::Block, [16, 1024]),
        (Structure::Full, [16, 63]),
    ] {
        check(structure, dims).unwrap();
    }
    for (structure, dims, says) in [
        (Structure::Block, [3, 9216], "posterior: kron or diag"),
        (Structure::Full, [16, 64], "posterior: block, kron or diag"),
    ] {
        let error = check(structure, dims).unwrap_err();
        assert!(matches!(error, LaplaceError::TooSlow { .. }), "{error}");
        let message = error.to_string();
        assert!(
            message.contains(says) && message.contains("laplace_posthoc"),
            "{message}"
        );
    }
    let error = check(Structure::Full, [64, 1 << 20]).unwrap_err();
    assert!(matches!(error, LaplaceError::TooLarge { .. }), "{error}");
}
