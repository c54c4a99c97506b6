//! Posteriors of every structure against dense algebra and against their own samples.

use crate::common::{device, known};
use std::num::NonZeroUsize;

use crate::common::*;
use burn::tensor::{DType, Tensor, TensorData};
use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};
use lam_laplace::curvature::{Approximation, Curvature, PairHessian, Structure};
use lam_laplace::posterior::Posterior;
use lam_laplace::prior::Optimum;
use lam_model::head::HeadWeights;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const STRUCTURES: [Structure; 4] = [
    Structure::Diagonal,
    Structure::Kron,
    Structure::Block,
    Structure::Full,
];
const OUTPUTS: usize = 3;
const SIZE: usize = 4;
const SIDE: usize = OUTPUTS * (SIZE + 1);

fn head(case: &Case, dtype: DType) -> HeadWeights {
    let bias = TensorData::new(case.bias.clone(), [case.bias.len()]);
    HeadWeights::linear(
        tensor(&case.weight, dtype),
        Tensor::from_data(bias, (&device(), known(dtype))),
    )
}

fn curvature(case: &Case, structure: Structure, dtype: DType) -> Curvature {
    Curvature::of_batch(
        structure,
        &head(case, dtype),
        tensor(&case.features, dtype),
        tensor(&case.embeddings(), dtype),
        &case.counts(dtype),
        PairHessian::Contrastive,
        Approximation::Full,
    )
    .unwrap()
}

type Dense = Mat<f64>;

fn identity(side: usize) -> Dense {
    Mat::identity(side, side)
}

fn scaled(matrix: &Dense, factor: f64) -> Dense {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| {
        matrix[(i, j)] * factor
    })
}

/// Negative eigenvalues cut.
fn positive_part(matrix: &Dense) -> Dense {
    let side = matrix.nrows();
    let eigen = matrix.self_adjoint_eigen(Side::Lower).unwrap();
    let (values, vectors) = (eigen.S(), eigen.U());
    Mat::from_fn(side, side, |i, j| {
        (0..side)
            .map(|k| values[k].max(0.0) * vectors[(i, k)] * vectors[(j, k)])
            .sum()
    })
}

fn matrix(values: &[f64], side: usize) -> Dense {
    Mat::from_fn(side, side, |i, j| values[i * side + j])
}

/// The curvature of a structure as a dense matrix, clamped in its own way, in the order output by output.
fn dense(curvature: &Curvature) -> Dense {
    let n = SIZE + 1;
    match curvature {
        Curvature::Diagonal(c) => {
            let diagonal = joined(&numbers(c.weight()), &numbers(c.bias()));
            Mat::from_fn(
                SIDE,
                SIDE,
                |i, j| {
                    if i == j { diagonal[i].max(0.0) } else { 0.0 }
                },
            )
        }
        Curvature::Kron(c) => {
            let inputs = matrix(&numbers(c.inputs()), n);
            let trace: f64 = (0..n).map(|i| inputs[(i, i)]).sum();
            let outputs = positive_part(&matrix(&numbers(c.outputs()), OUTPUTS));
            let isotropic = numbers(c.isotropic())[0];
            Mat::from_fn(SIDE, SIDE, |p, q| {
                outputs[(p / n, q / n)] * inputs[(p % n, q % n)] / trace
                    + if p == q { isotropic } else { 0.0 }
            })
        }
        Curvature::Block(c) => {
            let blocks: Vec<Dense> = numbers(c.blocks())
                .chunks_exact(n * n)
                .map(|block| positive_part(&matrix(block, n)))
                .collect();
            Mat::from_fn(SIDE, SIDE, |p, q| {
                if p / n == q / n {
                    blocks[p / n][(p % n, q % n)]
                } else {
                    0.0
                }
            })
        }
        Curvature::Full(c) => positive_part(&matrix(&numbers(c.matrix()), SIDE)),
    }
}

fn covariance(curvature: &Curvature, prior: f64, temperature: f64) -> Dense {
    let precision = dense(curvature) + scaled(&identity(SIDE), prior);
    scaled(&precision.partial_piv_lu().inverse(), temperature)
}

/// Weight `[D, F]` and bias `[D]` side by side, output by output.
fn joined(weight: &[f64], bias: &[f64]) -> Vec<f64> {
    weight
        .chunks_exact(SIZE)
        .zip(bias)
        .flat_map(|(w, b)| w.iter().copied().chain([*b]))
        .collect()
}

fn deviations(posterior: &dyn Posterior) -> Vec<f64> {
    let last = posterior.deviations().last;
    joined(&numbers(last.weight), &numbers(last.bias))
}

#[test]
fn deviations_are_those_of_dense_algebra() {
    let case = Case::random(8, SIZE, OUTPUTS, 31);
    for structure in STRUCTURES {
        for (prior, temperature) in [(1.0, 1.0), (0.1, 4.0), (50.0, 0.01)] {
            let curvature = curvature(&case, structure, DType::F64);
            let mut posterior = curvature.posterior(head(&case, DType::F64), prior).unwrap();
            posterior.set_temperature(temperature).unwrap();
            let covariance = covariance(&curvature, prior, temperature);
            let expected: Vec<f64> = (0..SIDE).map(|i| covariance[(i, i)].sqrt()).collect();
            // The deviation has 1e-6 added in its denominator.
            let tolerance = 2e-6 / prior.sqrt();
            let actual = deviations(posterior.as_ref());
            assert_close(
                &actual,
                &expected,
                tolerance,
                &format!("{structure:?} {prior}"),
            );
            let summary = posterior.summary();
            let mean = actual.iter().sum::<f64>() / SIDE as f64;
            assert!((summary.mean - mean).abs() < 1e-12);
            assert_eq!(summary.largest, actual.iter().copied().fold(0.0, f64::max));
        }
    }
}

#[test]
fn samples_have_the_dense_covariance() {
    let case = Case::random(8, SIZE, OUTPUTS, 32);
    let count = 60_000;
    for structure in STRUCTURES {
        let curvature = curvature(&case, structure, DType::F32);
        let mut posterior = curvature.posterior(head(&case, DType::F32), 0.5).unwrap();
        posterior.set_temperature(2.0).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let drawn = posterior.sample(NonZeroUsize::new(count).unwrap(), &mut rng);
        let weight = numbers(drawn.layers.last.weight);
        let bias = numbers(drawn.layers.last.bias);
        let mean = joined(&case.weight.concat(), &case.bias);
        let mut sums = vec![0.0; SIDE * SIDE];
        for s in 0..count {
            let w = joined(
                &weight[s * OUTPUTS * SIZE..][..OUTPUTS * SIZE],
                &bias[s * OUTPUTS..][..OUTPUTS],
            );
            let centred: Vec<f64> = w.iter().zip(&mean).map(|(w, m)| w - m).collect();
            for (n, sum) in sums.iter_mut().enumerate() {
                *sum += centred[n / SIDE] * centred[n % SIDE];
            }
        }
        let expected = covariance(&curvature, 0.5, 2.0);
        for i in 0..SIDE {
            for j in 0..SIDE {
                let (a, e) = (sums[i * SIDE + j] / count as f64, expected[(i, j)]);
                // Five standard errors: var(w_i w_j) = Σ_ii Σ_jj + Σ_ij².
                let variance = expected[(i, i)] * expected[(j, j)] + e * e;
                let error = 5.0 * (variance / count as f64).sqrt();
                assert!(
                    (a - e).abs() < error,
                    "{structure:?} [{i}, {j}]: {a} {e} ± {error}"
                );
            }
        }
    }
}

#[test]
fn evidence_is_that_of_the_determinant() {
    let case = Case::random(8, SIZE, OUTPUTS, 33);
    for structure in STRUCTURES {
        let curvature = curvature(&case, structure, DType::F64);
        let posterior = curvature.posterior(head(&case, DType::F64), 1.0).unwrap();
        let evidence = posterior.evidence().unwrap();
        let mean = joined(&case.weight.concat(), &case.bias);
        for prior in [0.01_f64, 1.0, 30.0] {
            let precision = dense(&curvature) + scaled(&identity(SIDE), prior);
            let root = precision.llt(Side::Lower).unwrap();
            let determinant: f64 = (0..SIDE).map(|i| 2.0 * root.L()[(i, i)].ln()).sum();
            let expected =
                -0.5 * (determinant - SIDE as f64 * prior.ln() + prior * dot(&mean, &mean));
            let actual = evidence.log_marginal_likelihood(prior);
            assert!(
                (actual - expected).abs() < 1e-8 * expected.abs(),
                "{structure:?} {actual} {expected}"
            );
        }
    }
}

#[test]
fn optimised_prior_is_used() {
    let case = Case::random(8, SIZE, OUTPUTS, 34);
    for structure in STRUCTURES {
        let curvature = curvature(&case, structure, DType::F32);
        let mean = head(&case, DType::F32);
        let mut posterior = curvature.posterior(mean.clone(), 1.0).unwrap();
        let Optimum::Inside(best) = posterior.optimize_prior_precision().unwrap() else {
            panic!("{structure:?}")
        };
        assert_eq!(posterior.prior_precision(), best);
        let fresh = curvature.posterior(mean, best).unwrap();
        assert_eq!(deviations(posterior.as_ref()), deviations(fresh.as_ref()));
    }
}

#[test]
fn temperature_multiplies_the_covariance_and_nothing_else() {
    let case = Case::random(8, SIZE, OUTPUTS, 35);
    for structure in STRUCTURES {
        let curvature = curvature(&case, structure, DType::F32);
        let mut posterior = curvature.posterior(head(&case, DType::F32), 1.0).unwrap();
        let before = deviations(posterior.as_ref());
        posterior.set_temperature(9.0).unwrap();
        assert_eq!(posterior.temperature(), 9.0);
        let expected: Vec<f64> = before.iter().map(|s| 3.0 * s).collect();
        assert_close(
            &deviations(posterior.as_ref()),
            &expected,
            1e-6,
            "deviations",
        );
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = posterior.set_temperature(bad).unwrap_err();
            assert!(error.to_string().contains("temperature"), "{error}");
            let error = posterior.set_prior_precision(-1.0).unwrap_err();
            assert!(error.to_string().contains("prior_prec"), "{error}");
        }
        assert_eq!(posterior.temperature(), 9.0);
    }
}

/// Analytic variance of `z`, where there is one: `x̃ᵀ Σ_k x̃`.
#[test]
fn outputs_have_the_variance_of_the_weights() {
    let case = Case::random(8, SIZE, OUTPUTS, 36);
    for structure in STRUCTURES {
        let curvature = curvature(&case, structure, DType::F64);
        let posterior = curvature.posterior(head(&case, DType::F64), 1.0).unwrap();
        let moments = posterior.moments();
        let independent = matches!(structure, Structure::Diagonal | Structure::Block);
        assert_eq!(moments.is_some(), independent);
        let Some(moments) = moments else { continue };
        let outputs = moments.outputs(tensor(&case.features, DType::F64));
        let covariance = covariance(&curvature, 1.0, 1.0);
        let mut expected = Vec::new();
        for x in &case.features {
            for k in 0..OUTPUTS {
                let wide: Vec<f64> = x.iter().copied().chain([1.0]).collect();
                let at = k * (SIZE + 1);
                let form = |i: usize, j: usize| wide[i] * covariance[(at + i, at + j)] * wide[j];
                let sum = (0..=SIZE).map(|i| (0..=SIZE).map(|j| form(i, j)).sum::<f64>());
                expected.push(sum.sum());
            }
        }
        assert_close(&numbers(outputs.variance), &expected, 5e-6, "variance");
        assert_close(
            &numbers(outputs.mean),
            &case.embeddings().concat(),
            1e-12,
            "mean",
        );
    }
}

#[test]
fn gradients_flow_to_the_mean_in_every_structure() {
    let case = Case::random(8, SIZE, OUTPUTS, 37);
    for structure in STRUCTURES {
        let device = device().autodiff();
        let weight = Tensor::<2>::zeros([OUTPUTS, SIZE], &device).require_grad();
        let bias = Tensor::<1>::zeros([OUTPUTS], &device).require_grad();
        let mean = HeadWeights::linear(weight.clone(), bias.clone());
        let posterior = curvature(&case, structure, DType::F32)
            .posterior(mean, 1.0)
            .unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let drawn = posterior.sample(NonZeroUsize::new(5).unwrap(), &mut rng);
        let features = tensor(&case.features, DType::F32).autodiff();
        let gradients = drawn.outputs(features).sum().backward();
        let column: Vec<f64> = (0..SIZE)
            .map(|j| 5.0 * case.features.iter().map(|x| x[j]).sum::<f64>())
            .collect();
        let expected: Vec<f64> = (0..OUTPUTS).flat_map(|_| column.clone()).collect();
        assert_close(
            &numbers(weight.grad(&gradients).unwrap()),
            &expected,
            1e-5,
            "weight",
        );
        assert_close(
            &numbers(bias.grad(&gradients).unwrap()),
            &[40.0; OUTPUTS],
            1e-6,
            "bias",
        );
    }
}

#[test]
fn curvature_without_numbers_is_refused() {
    let case = Case::random(8, SIZE, OUTPUTS, 38);
    for structure in [Structure::Kron, Structure::Block, Structure::Full] {
        let broken = curvature(&case, structure, DType::F32).scale(f64::NAN);
        let error = broken.posterior(head(&case, DType::F32), 1.0).unwrap_err();
        assert!(error.to_string().contains("not a number"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn deviations_are_positive_and_finite(
        seed in any::<u64>(), scale in -30.0_f64..30.0, prior in -10.0_f64..10.0, batch in 1_usize..8,
    ) {
        let case = Case::random(batch, SIZE, OUTPUTS, seed);
        for structure in STRUCTURES {
            let h = curvature(&case, structure, DType::F32).scale(10_f64.powf(scale));
            for prior in [0.0, 10_f64.powf(prior)] {
                let mut posterior = h.posterior(head(&case, DType::F32), prior).unwrap();
                for temperature in [1.0, 1e-10, 1e10] {
                    posterior.set_temperature(temperature).unwrap();
                    let deviations = deviations(posterior.as_ref());
                    prop_assert!(
                        deviations.iter().all(|s| s.is_finite() && *s > 0.0), "{:?} {:?}", structure, deviations
                    );
                }
            }
        }
    }
}
