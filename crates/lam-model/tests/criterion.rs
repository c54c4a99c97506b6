//! PFE's and HIB's criteria against the golden case, plain loops and finite differences.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::{assert_close, device, golden, values};
use burn::tensor::{Device, Tensor, TensorData};
use lam_model::criterion::{SoftContrastive, mutual_likelihood, prior_divergence};
use lam_model::miner::PairCounts;
use proptest::prelude::*;
use safetensors::SafeTensors;

fn tensor<const D: usize>(values: &[f64], shape: [usize; D], device: &Device) -> Tensor<D> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn scalar(tensor: Tensor<1>) -> f32 {
    tensor.into_scalar::<f32>()
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

/// Triplets `[anchors, positives, negatives]` as counts.
fn counts(triplets: &[[usize; 3]], batch: usize, device: &Device) -> PairCounts {
    let count = |other: usize| {
        let mut counts = vec![0.0; batch * batch];
        for triplet in triplets {
            counts[triplet[0] * batch + triplet[other]] += 1.0;
        }
        tensor(&counts, [batch, batch], device)
    };
    PairCounts {
        positives: count(1),
        negatives: count(2),
    }
}

#[test]
fn golden_pfe_hib() {
    let bytes = golden("pfe_hib");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let device = device();
    let (shape, mean) = values(&file, "mu");
    let (batch, size) = (shape[0], shape[1]);
    let sigma = values(&file, "sigma").1;
    let variance: Vec<f64> = sigma.iter().map(|s| s * s).collect();
    let (triplet_shape, flat) = values(&file, "triplets");
    let row = triplet_shape[1];
    let triplets: Vec<[usize; 3]> = (0..row)
        .map(|t| [flat[t], flat[row + t], flat[2 * row + t]].map(|i| i as usize))
        .collect();
    let pairs = counts(&triplets, batch, &device);
    let matrix = |values: &[f64]| tensor(values, [batch, size], &device);
    let check = |name: &str, got: Tensor<1>| {
        assert_close(name, &[scalar(got)], &values(&file, name).1, 1e-5);
    };
    check(
        "pfe",
        mutual_likelihood(matrix(&mean), matrix(&variance), &pairs),
    );
    check("kl_term", prior_divergence(matrix(&mean), matrix(&sigma)));
    let (shape, samples) = values(&file, "samples");
    let samples = tensor(&samples, [shape[0], shape[1], shape[2]], &device);
    let parameter = |name: &str| values(&file, name).1[0] as f32;
    let criterion = SoftContrastive::with(parameter("alpha"), parameter("beta"), &device);
    check("hib", criterion.forward(samples, &pairs));
}

/// A batch: dimensions, triplets, numbers in (−1, 1).
fn case() -> impl Strategy<Value = (usize, Vec<[usize; 3]>, Vec<f64>, Vec<f64>)> {
    let triplet = (0_usize..5, 1_usize..5, 5_usize..8);
    (1_usize..4, prop::collection::vec(triplet, 1..20)).prop_flat_map(|(size, triplets)| {
        // Images 0 to 4 are of one label, 5 to 7 of others.
        let triplets = triplets
            .into_iter()
            .map(|(a, step, n)| [a, (a + step) % 5, n])
            .collect();
        let numbers = || prop::collection::vec(-1.0_f64..1.0, 8 * 2 * size);
        (Just(size), Just(triplets), numbers(), numbers())
    })
}

fn softplus(x: f64) -> f64 {
    x.exp().ln_1p()
}

/// The definition by loops, in double precision: samples `[8, 2, size]`.
fn plain_soft_contrastive(
    samples: &[f64],
    size: usize,
    triplets: &[[usize; 3]],
    alpha: f64,
    beta: f64,
) -> f64 {
    let sample = |image: usize, s: usize| &samples[(image * 2 + s) * size..][..size];
    let mut sum = 0.0;
    for &[a, p, n] in triplets {
        for (s, t) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let probability = |other: usize| {
                let pair = sample(a, s).iter().zip(sample(other, t));
                let squared: f64 = pair.map(|(x, y)| (x - y).powi(2)).sum();
                1.0 / (1.0 + (softplus(alpha) * squared - beta).exp())
            };
            sum -= (probability(p) + 1e-6).ln() + (1.0 - probability(n) - 1e-6).max(1e-6).ln();
        }
    }
    sum / (4 * triplets.len()) as f64
}

fn plain_mutual_likelihood(
    mean: &[f64],
    variance: &[f64],
    size: usize,
    triplets: &[[usize; 3]],
) -> f64 {
    let mut sum = 0.0;
    for &[a, p, _] in triplets {
        for k in 0..size {
            let (i, j) = (a * size + k, p * size + k);
            let total = variance[i] + variance[j];
            sum += (mean[i] - mean[j]).powi(2) / total + total.ln();
        }
    }
    sum / (size * triplets.len()) as f64
}

/// Central differences of `f` at `x`.
fn slopes(x: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let h = 1e-6;
    (0..x.len())
        .map(|i| {
            let at = |delta: f64| {
                let mut moved = x.to_vec();
                moved[i] += delta;
                f(&moved)
            };
            (at(h) - at(-h)) / (2.0 * h)
        })
        .collect()
}

fn agree(what: &str, got: &[f32], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    for (i, (&g, &w)) in got.iter().zip(want).enumerate() {
        assert!(
            (f64::from(g) - w).abs() <= 1e-4 * (1.0 + w.abs()),
            "{what}[{i}]: {g} against {w}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn soft_contrastive_equals_its_definition(
        (size, triplets, samples, _) in case(), alpha in -2.0_f64..6.0, beta in -4.0_f64..6.0,
    ) {
        let device = device().autodiff();
        let z = tensor(&samples, [8, 2, size], &device).require_grad();
        let criterion = SoftContrastive::with(alpha as f32, beta as f32, &device);
        let value = criterion.forward(z.clone(), &counts(&triplets, 8, &device));
        let grads = value.clone().backward();
        let plain = |z: &[f64], a, b| plain_soft_contrastive(z, size, &triplets, a, b);
        agree("value", &[scalar(value.inner())], &[plain(&samples, alpha, beta)]);
        agree(
            "samples",
            &host(z.grad(&grads).unwrap()),
            &slopes(&samples, |z| plain(z, alpha, beta)),
        );
        let parameters = [&criterion.alpha, &criterion.beta].map(|p| scalar(p.val().grad(&grads).unwrap()));
        agree("α, β", &parameters, &slopes(&[alpha, beta], |p| plain(&samples, p[0], p[1])));
    }

    #[test]
    fn mutual_likelihood_equals_its_definition((size, triplets, mean, log) in case()) {
        let device = device().autodiff();
        let mean = &mean[..8 * size];
        let variance: Vec<f64> = log[..8 * size].iter().map(|l| (2.0 * l).exp()).collect();
        let v = tensor(&variance, [8, size], &device).require_grad();
        let value = mutual_likelihood(
            tensor(mean, [8, size], &device),
            v.clone(),
            &counts(&triplets, 8, &device),
        );
        let grads = value.clone().backward();
        let plain = |v: &[f64]| plain_mutual_likelihood(mean, v, size, &triplets);
        agree("value", &[scalar(value.inner())], &[plain(&variance)]);
        agree("variance", &host(v.grad(&grads).unwrap()), &slopes(&variance, plain));
    }
}

#[test]
fn nothing_mined_gives_zero_and_no_nan() {
    let device = device().autodiff();
    let none = counts(&[], 8, &device);
    let variance = Tensor::<2>::ones([8, 3], &device).require_grad();
    let value = mutual_likelihood(Tensor::ones([8, 3], &device), variance.clone(), &none);
    assert_eq!(scalar(value.clone().inner()), 0.0);
    assert_eq!(host(variance.grad(&value.backward()).unwrap()), [0.0; 24]);
    let samples = Tensor::<3>::ones([8, 2, 3], &device).require_grad();
    let value = SoftContrastive::init(&device).forward(samples.clone(), &none);
    assert_eq!(scalar(value.clone().inner()), 0.0);
    assert_eq!(host(samples.grad(&value.backward()).unwrap()), [0.0; 48]);
}

/// Where a sigmoid is exactly 0 or 1 in single precision, the loss is large but finite.
#[test]
fn certain_and_wrong_is_finite() {
    let device = device().autodiff();
    let mut samples = vec![0.0; 8 * 2];
    samples[2] = 100.0;
    samples[3] = 100.0;
    let samples = tensor(&samples, [8, 2, 1], &device).require_grad();
    let criterion = SoftContrastive::with(50.0, 90.0, &device);
    // The positive is far, the negative coincides.
    let value = criterion.forward(samples.clone(), &counts(&[[0, 1, 5]], 8, &device));
    let loss = scalar(value.clone().inner());
    assert!((27.0..28.0).contains(&loss), "{loss}");
    let gradient = host(samples.grad(&value.backward()).unwrap());
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
}
