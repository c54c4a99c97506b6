//! The predictive distribution, by samples and by moments.

use crate::common::device;
use std::num::NonZeroUsize;

use crate::common::*;
use burn::tensor::{DType, Tensor, TensorData};
use lam_laplace::curvature::DiagonalCurvature;
use lam_laplace::posterior::{DiagonalPosterior, LayerSamples, Posterior, WeightSamples};
use lam_laplace::predictive::{
    Embedding, Outputs, Predictive, Predictor, direction_moments, directions, output_spread,
    summarise,
};
use lam_model::head::{Activation, HeadWeights, PerLayer};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

fn samples(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn posterior(case: &Case, curvature: f64) -> DiagonalPosterior {
    let device = device();
    let [outputs, size] = [case.bias.len(), case.features[0].len()];
    DiagonalPosterior::new(
        HeadWeights::linear(
            tensor(&case.weight, DType::F32),
            Tensor::from_data(TensorData::new(case.bias.clone(), [outputs]), &device),
        ),
        &DiagonalCurvature::constant(outputs, size, curvature, &device),
        1.0,
    )
    .unwrap()
}

/// Moments of `u` by drawing `z` in f64.
struct MonteCarlo {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// Standard errors of the deviations.
    errors: Vec<f64>,
}

const DRAWS: usize = 100_000;

fn monte_carlo(mean: &[f64], variance: &[f64], rng: &mut ChaCha8Rng) -> MonteCarlo {
    let draws: Vec<Vec<f64>> = (0..DRAWS)
        .map(|_| {
            let z: Vec<f64> = mean
                .iter()
                .zip(variance)
                .map(|(m, v)| m + v.sqrt() * rng.sample::<f64, _>(StandardNormal))
                .collect();
            direction(&z)
        })
        .collect();
    let average = |value: &dyn Fn(&[f64]) -> f64| -> f64 {
        draws.iter().map(|u| value(u)).sum::<f64>() / DRAWS as f64
    };
    let mut result = MonteCarlo {
        mean: Vec::new(),
        deviation: Vec::new(),
        errors: Vec::new(),
    };
    for i in 0..mean.len() {
        let mean = average(&|u| u[i]);
        let variance = average(&|u| (u[i] - mean).powi(2));
        let fourth = average(&|u| (u[i] - mean).powi(4));
        let error = ((fourth - variance * variance) / DRAWS as f64)
            .max(0.0)
            .sqrt();
        result.mean.push(mean);
        result.deviation.push(variance.sqrt());
        result
            .errors
            .push(error / (2.0 * variance.sqrt()).max(f64::MIN_POSITIVE));
    }
    result
}

fn moments(mean: &[f64], variance: &[f64], dtype: DType) -> Embedding {
    direction_moments(Outputs {
        mean: tensor(&vec![mean.to_vec()], dtype),
        variance: tensor(&vec![variance.to_vec()], dtype),
    })
}

#[test]
fn samples_follow_the_plain_loop() {
    let case = Case::random(5, 4, 3, 8);
    let drawn = posterior(&case, 3.0).sample(samples(6), &mut ChaCha8Rng::seed_from_u64(2));
    let embeddings = drawn.embeddings(tensor(&case.features, DType::F32));
    assert_eq!(embeddings.dims(), [5, 6, 3]);
    let weights = numbers(drawn.layers.last.weight.clone());
    let biases = numbers(drawn.layers.last.bias.clone());
    let (mut expected, mut outputs) = (Vec::new(), Vec::new());
    for x in &case.features {
        for s in 0..6 {
            let z: Vec<f64> = (0..3)
                .map(|k| dot(&weights[(s * 3 + k) * 4..][..4], x) + biases[s * 3 + k])
                .collect();
            expected.extend(direction(&z));
            outputs.extend(z);
        }
    }
    assert_close(&numbers(embeddings.clone()), &expected, 1e-5, "embeddings");

    let spreads: Vec<f64> = outputs
        .chunks_exact(18)
        .map(|image| {
            let deviation = |k: usize| {
                let z = image.iter().skip(k).step_by(3);
                let mean = z.clone().sum::<f64>() / 6.0;
                (z.map(|z| (z - mean).powi(2)).sum::<f64>() / 5.0).sqrt()
            };
            (0..3).map(deviation).sum()
        })
        .collect();
    let z = drawn.outputs(tensor(&case.features, DType::F32));
    assert_eq!(numbers(directions(z.clone())), numbers(embeddings.clone()));
    assert_close(&numbers(output_spread(z)), &spreads, 1e-5, "output spread");

    let summary = summarise(embeddings);
    let (mut means, mut deviations) = (Vec::new(), Vec::new());
    for image in expected.chunks_exact(18) {
        let mean: Vec<f64> = (0..3)
            .map(|k| image.iter().skip(k).step_by(3).sum::<f64>() / 6.0)
            .collect();
        for (k, mean) in mean.iter().enumerate() {
            let squares = image.iter().skip(k).step_by(3).map(|u| (u - mean).powi(2));
            deviations.push((squares.sum::<f64>() / 5.0).sqrt());
        }
        means.extend(direction(&mean));
    }
    assert_close(&numbers(summary.mean), &means, 1e-5, "mean");
    assert_close(&numbers(summary.deviation), &deviations, 1e-5, "deviation");
}

#[test]
fn one_sample_has_no_spread() {
    let case = Case::random(4, 4, 3, 8);
    let drawn = posterior(&case, 3.0).sample(samples(1), &mut ChaCha8Rng::seed_from_u64(2));
    let summary = summarise(drawn.embeddings(tensor(&case.features, DType::F32)));
    assert_eq!(numbers(summary.deviation), [0.0; 12]);
}

#[test]
fn outputs_have_exact_moments() {
    let case = Case::random(4, 6, 3, 9);
    let posterior = posterior(&case, 3.0);
    let outputs = posterior
        .moments()
        .unwrap()
        .outputs(tensor(&case.features, DType::F32));
    assert_close(
        &numbers(outputs.mean.clone()),
        &case.embeddings().concat(),
        1e-5,
        "mean",
    );
    let count = 50_000;
    let drawn = posterior.sample(samples(count), &mut ChaCha8Rng::seed_from_u64(4));
    let z = numbers(drawn.outputs(tensor(&case.features, DType::F32)));
    let (means, variances) = (numbers(outputs.mean), numbers(outputs.variance));
    for (b, image) in z.chunks_exact(count * 3).enumerate() {
        for k in 0..3 {
            let (mean, variance) = (means[b * 3 + k], variances[b * 3 + k]);
            let of_one = image.iter().skip(k).step_by(3);
            let sampled = of_one.map(|z| (z - mean).powi(2)).sum::<f64>() / count as f64;
            // Five standard errors of a variance.
            assert!((sampled / variance - 1.0).abs() < 5.0 * (2.0 / count as f64).sqrt());
        }
    }
}

/// Spreads from a thousandth of the length to thirty times it.
#[test]
fn direction_moments_agree_with_monte_carlo() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for outputs in [1, 2, 3, 16] {
        // A sign hardly varies, so its deviation is the root of a difference of nearly equal numbers.
        let floor = if outputs == 1 { 1e-3 } else { 0.0 };
        for spread in [1e-3, 0.02, 0.05, 0.06, 0.1, 0.3, 1.0, 3.0, 30.0] {
            let length: f64 = 10_f64.powf(rng.random_range(-3.0..3.0));
            let mut draw = || -> f64 { rng.sample(StandardNormal) };
            let mean: Vec<f64> = direction(&(0..outputs).map(|_| draw()).collect::<Vec<_>>())
                .iter()
                .map(|u| u * length)
                .collect();
            let variance: Vec<f64> = (0..outputs)
                .map(|_| (spread * length * (0.5 * draw()).exp()).powi(2) / outputs as f64)
                .collect();
            let expected = monte_carlo(&mean, &variance, &mut rng);
            let largest = expected.deviation.iter().fold(0.0, |m: f64, s| m.max(*s));
            let length = dot(&expected.mean, &expected.mean).sqrt();
            for dtype in [DType::F32, DType::F64] {
                let what = format!("D {outputs}, spread {spread}, {dtype:?}");
                let ours = moments(&mean, &variance, dtype);
                let deviations = numbers(ours.deviation);
                for ((a, e), error) in deviations
                    .iter()
                    .zip(&expected.deviation)
                    .zip(&expected.errors)
                {
                    assert!(
                        (a - e).abs() <= 0.01 * largest + 5.0 * error + floor,
                        "{what}: deviation {a} {e} ± {error}"
                    );
                }
                for (a, e) in numbers(ours.mean).iter().zip(direction(&expected.mean)) {
                    let error = largest / (DRAWS as f64).sqrt() / length;
                    assert!(
                        (a - e).abs() < 1e-5 + 5.0 * error,
                        "{what}: mean {a} {e} ± {error}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_mean_without_length_spreads_over_the_whole_sphere() {
    let ours = moments(&[0.0; 3], &[2.0; 3], DType::F32);
    assert_eq!(numbers(ours.mean), [0.0; 3]);
    assert_close(
        &numbers(ours.deviation),
        &[(1.0_f64 / 3.0).sqrt(); 3],
        1e-5,
        "deviation",
    );
    let point = moments(&[0.0; 3], &[0.0; 3], DType::F32);
    assert_eq!(numbers(point.deviation), [0.0; 3]);
}

#[test]
fn both_predictors_agree() {
    let case = Case::random(6, 8, 3, 10);
    let features = tensor(&case.features, DType::F32);
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let count = 100_000;
    let predict = |predictive, rng: &mut ChaCha8Rng| {
        let posterior = posterior(&case, 20.0);
        Predictor::new(predictive, &posterior, samples(count), rng)
            .unwrap()
            .predict(features.clone())
    };
    let sampled = predict(Predictive::Sampled, &mut rng);
    let analytic = predict(Predictive::Analytic, &mut rng);
    let (expected, actual) = (numbers(sampled.deviation), numbers(analytic.deviation));
    let largest = expected.iter().fold(0.0, |m: f64, s| m.max(*s));
    for (a, e) in actual.iter().zip(&expected) {
        assert!((a - e).abs() < 0.015 * largest, "deviation {a} {e}");
    }
    for (a, e) in numbers(analytic.mean).iter().zip(numbers(sampled.mean)) {
        assert!(
            (a - e).abs() < 5.0 * largest / (count as f64).sqrt() * 2.0,
            "mean {a} {e}"
        );
    }
}

#[test]
fn samples_without_direction_do_not_become_nan() {
    let device = device();
    let drawn = WeightSamples {
        layers: PerLayer::single(LayerSamples {
            weight: Tensor::zeros([2, 3, 4], &device),
            bias: Tensor::zeros([2, 3], &device),
        }),
        activation: Activation::Tanh,
    };
    let summary = summarise(drawn.embeddings(Tensor::ones([5, 4], &device)));
    assert!(numbers(summary.mean).iter().all(|v| *v == 0.0));
    assert!(numbers(summary.deviation).iter().all(|v| *v == 0.0));
}

proptest! {
    /// Σ_k var[u_k] = 1 − |E[u]|² ≤ 1, and nothing is lost on the way.
    #[test]
    fn moments_are_those_of_a_unit_vector(
        mean in prop::array::uniform3(-1e3_f32..1e3),
        deviation in prop::array::uniform3(1e-4_f32..1e4),
    ) {
        let mean: Vec<f64> = mean.iter().map(|v| f64::from(*v)).collect();
        let variance: Vec<f64> = deviation.iter().map(|v| f64::from(*v).powi(2)).collect();
        let ours = moments(&mean, &variance, DType::F32);
        let spread = numbers(ours.deviation);
        prop_assert!(spread.iter().all(|s| s.is_finite() && *s >= 0.0));
        prop_assert!(spread.iter().map(|s| s * s).sum::<f64>() <= 1.0 + 1e-4);
        let direction = numbers(ours.mean);
        let length = dot(&direction, &direction);
        prop_assert!((length - 1.0).abs() < 1e-4, "{}", length);
    }

    /// Only the ratio of spread to length matters.
    #[test]
    fn moments_do_not_depend_on_the_scale(
        mean in prop::array::uniform3(-1.0_f32..1.0), deviation in prop::array::uniform3(0.01_f32..2.0), power in -8_i32..8,
    ) {
        prop_assume!(mean.iter().map(|v| v * v).sum::<f32>() > 1e-4);
        let scale = 2_f64.powi(power);
        let scaled = |factor: f64| {
            let mean: Vec<f64> = mean.iter().map(|v| f64::from(*v) * factor).collect();
            let variance: Vec<f64> = deviation.iter().map(|v| (f64::from(*v) * factor).powi(2)).collect();
            moments(&mean, &variance, DType::F64)
        };
        let (one, other) = (scaled(1.0), scaled(scale));
        assert_close(&numbers(other.mean), &numbers(one.mean), 1e-9, "mean");
        assert_close(&numbers(other.deviation), &numbers(one.deviation), 1e-9, "deviation");
    }
}
