//! The Gaussian over the weights and its samples.

use crate::common::device;
use std::num::NonZeroUsize;

use crate::common::*;
use burn::tensor::{Tensor, TensorData};
use lam_laplace::curvature::DiagonalCurvature;
use lam_laplace::posterior::{DiagonalPosterior, Posterior};
use lam_model::head::HeadWeights;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn posterior(curvature: f32, prior_precision: f64) -> DiagonalPosterior {
    let device = device();
    DiagonalPosterior::new(
        HeadWeights::linear(
            Tensor::from_data([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]], &device),
            Tensor::from_data([0.25, -0.75], &device),
        ),
        &DiagonalCurvature::constant(2, 3, f64::from(curvature), &device),
        prior_precision,
    )
    .unwrap()
}

fn samples(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

#[test]
fn deviation_follows_the_formula() {
    let expected = 1.0 / ((8.0_f64 + 1.0).sqrt() + 1e-6);
    let posterior = posterior(8.0, 1.0);
    assert_close(
        &numbers(posterior.deviations().last.weight),
        &[expected; 6],
        1e-6,
        "weight",
    );
    assert_close(
        &numbers(posterior.deviations().last.bias),
        &[expected; 2],
        1e-6,
        "bias",
    );
}

#[test]
fn samples_have_the_posteriors_moments() {
    let posterior = posterior(3.0, 1.0);
    let count = 40_000;
    let drawn = posterior.sample(samples(count), &mut ChaCha8Rng::seed_from_u64(3));
    let weights = numbers(drawn.layers.last.weight);
    let biases = numbers(drawn.layers.last.bias);
    let check = |all: &[f64], size: usize, means: &[f64]| {
        for (i, mean) in means.iter().enumerate() {
            let of_one: Vec<f64> = all.iter().skip(i).step_by(size).copied().collect();
            let average = of_one.iter().sum::<f64>() / count as f64;
            let variance = of_one.iter().map(|w| (w - average).powi(2)).sum::<f64>() / count as f64;
            let fourth = of_one.iter().map(|w| (w - average).powi(4)).sum::<f64>() / count as f64;
            // σ = ½; five standard errors each.
            assert!(
                (average - mean).abs() < 5.0 * 0.5 / (count as f64).sqrt(),
                "mean {average} {mean}"
            );
            assert!(
                (variance - 0.25).abs() < 5.0 * 0.25 * (2.0 / count as f64).sqrt(),
                "variance {variance}"
            );
            assert!(
                (fourth / variance.powi(2) - 3.0).abs() < 5.0 * (24.0 / count as f64).sqrt(),
                "kurtosis"
            );
        }
    };
    check(
        &weights,
        6,
        &numbers(posterior.mean().layers.last.weight.clone()),
    );
    check(
        &biases,
        2,
        &numbers(posterior.mean().layers.last.bias.clone()),
    );
    // Independent: neighbouring weights are uncorrelated.
    let correlation = weights
        .chunks_exact(6)
        .map(|w| (w[0] - 1.0) * (w[1] + 2.0) / 0.25)
        .sum::<f64>()
        / count as f64;
    assert!(
        correlation.abs() < 5.0 / (count as f64).sqrt(),
        "{correlation}"
    );
}

#[test]
fn the_same_seed_draws_the_same_weights_on_any_number_of_threads() {
    let device = device();
    let posterior = DiagonalPosterior::new(
        HeadWeights::linear(
            Tensor::zeros([3, 5000], &device),
            Tensor::zeros([3], &device),
        ),
        &DiagonalCurvature::zeros(3, 5000, &device),
        1.0,
    )
    .unwrap();
    let draw = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let mut rng = ChaCha8Rng::seed_from_u64(9);
            let first = posterior.sample(samples(2), &mut rng);
            let second = posterior.sample(samples(1), &mut rng);
            [
                numbers(first.layers.last.weight),
                numbers(first.layers.last.bias),
                numbers(second.layers.last.weight),
            ]
        })
    };
    let one = draw(1);
    assert_eq!(one, draw(4));
    assert_ne!(one[0][..15_000], one[0][15_000..]);
    assert_ne!(one[0][..15_000], one[2][..]);
}

#[test]
fn gradients_flow_to_the_mean_only() {
    let device = device().autodiff();
    let weight = Tensor::<2>::from_data([[1.0, -2.0, 0.5]], &device).require_grad();
    let bias = Tensor::<1>::from_data([0.25], &device).require_grad();
    let curvature = DiagonalCurvature::constant(1, 3, 4.0, &device);
    let posterior = DiagonalPosterior::new(
        HeadWeights::linear(weight.clone(), bias.clone()),
        &curvature,
        1.0,
    )
    .unwrap();
    let drawn = posterior.sample(samples(5), &mut ChaCha8Rng::seed_from_u64(1));
    let features = Tensor::<2>::from_data([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]], &device);
    let gradients = drawn.outputs(features).sum().backward();
    // ∂/∂μ Σ_s Σ_b (μ + σ ε_s) x_b = S Σ_b x_b
    let weight = weight.grad(&gradients).unwrap();
    assert_close(&numbers(weight), &[7.5, 10.0, 10.0], 1e-6, "weight");
    assert_close(
        &numbers(bias.grad(&gradients).unwrap()),
        &[10.0],
        1e-6,
        "bias",
    );
    assert!(!posterior.deviations().last.weight.is_autodiff());
}

#[test]
fn what_does_not_fit_is_refused() {
    let device = device();
    let weight = Tensor::<2>::zeros([2, 3], &device);
    let bias = Tensor::<1>::zeros([2], &device);
    let other = DiagonalCurvature::zeros(2, 4, &device);
    let error = DiagonalPosterior::new(
        HeadWeights::linear(weight.clone(), bias.clone()),
        &other,
        1.0,
    )
    .unwrap_err();
    assert!(error.to_string().contains("[2, 4]"), "{error}");
    let curvature = DiagonalCurvature::zeros(2, 3, &device);
    for prior in [-1.0, f64::NAN, f64::INFINITY] {
        let error = DiagonalPosterior::new(
            HeadWeights::linear(weight.clone(), bias.clone()),
            &curvature,
            prior,
        )
        .unwrap_err();
        assert!(error.to_string().contains("prior_prec"), "{error}");
    }
    let short = Tensor::<1>::zeros([1], &device);
    assert!(DiagonalPosterior::new(HeadWeights::linear(weight, short), &curvature, 1.0).is_err());
}

proptest! {
    #[test]
    fn deviations_are_positive_and_finite(curvature in any::<f32>(), prior in 0.0_f64..1e300) {
        prop_assume!(!curvature.is_nan());
        let device = device();
        let weight = TensorData::new(vec![curvature, 0.0, f32::MAX, f32::MIN_POSITIVE, f32::INFINITY, -1.0], [2, 3]);
        let curvature = DiagonalCurvature::new(
            Tensor::from_data(weight, &device),
            Tensor::from_data([curvature, 0.0], &device),
        )
        .unwrap();
        for prior in [prior, 0.0, 1.0] {
            let posterior = DiagonalPosterior::new(
                HeadWeights::linear(Tensor::zeros([2, 3], &device), Tensor::zeros([2], &device)), &curvature, prior,
            )
            .unwrap();
            let mut deviations = numbers(posterior.deviations().last.weight);
            deviations.extend(numbers(posterior.deviations().last.bias));
            prop_assert!(deviations.iter().all(|s| s.is_finite() && *s > 0.0), "{:?}", deviations);
        }
    }
}
