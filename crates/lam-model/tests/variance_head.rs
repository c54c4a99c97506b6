//! Batch normalisation and the log-variance head against plain loops.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::{assert_close, device, values};
use burn::tensor::{Device, Tensor, TensorData};
use lam_model::batch_norm::{BatchNorm, BatchStatistics, Pass};
use lam_model::head::VarianceHead;
use lam_model::{load_state, state_dict};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use safetensors::SafeTensors;

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

/// By the batch's own statistics, and the norm after it has seen them.
fn train(norm: BatchNorm, x: Tensor<2>) -> (Tensor<2>, BatchNorm) {
    let mut statistics = BatchStatistics::default();
    let y = norm.forward(x, &mut Pass::Training(&mut statistics));
    (y, statistics.into_module(norm))
}

fn random(shape: [usize; 2], seed: u64) -> Vec<f64> {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    (0..shape[0] * shape[1])
        .map(|_| rng.random_range(-3.0..5.0))
        .collect()
}

fn tensor(values: &[f64], shape: [usize; 2], device: &Device) -> Tensor<2> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// PyTorch's `BatchNorm1d` by its documentation.
struct Plain {
    scale: Vec<f64>,
    shift: Vec<f64>,
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Plain {
    fn train(&mut self, x: &[f64], size: usize) -> Vec<f64> {
        let batch = (x.len() / size) as f64;
        let mut y = x.to_vec();
        for k in 0..size {
            let column: Vec<f64> = x.iter().skip(k).step_by(size).copied().collect();
            let mean = column.iter().sum::<f64>() / batch;
            let squares: f64 = column.iter().map(|v| (v - mean).powi(2)).sum();
            for row in y.chunks_exact_mut(size) {
                row[k] = (row[k] - mean) / (squares / batch + 1e-5).sqrt() * self.scale[k]
                    + self.shift[k];
            }
            self.mean[k] = 0.9 * self.mean[k] + 0.1 * mean;
            self.variance[k] = 0.9 * self.variance[k] + 0.1 * squares / (batch - 1.0);
        }
        y
    }

    fn evaluate(&self, x: &[f64], size: usize) -> Vec<f64> {
        let mut y = x.to_vec();
        for row in y.chunks_exact_mut(size) {
            for (k, value) in row.iter_mut().enumerate() {
                let deviation = (self.variance[k] + 1e-5).sqrt();
                *value = (*value - self.mean[k]) / deviation * self.scale[k] + self.shift[k];
            }
        }
        y
    }
}

#[test]
fn batch_norm_trains_and_evaluates_as_pytorch_documents_it() {
    const SIZE: usize = 4;
    for shared in [false, true] {
        let device = device();
        let mut norm = BatchNorm::init(SIZE, shared, &device);
        let learnt = if shared { 1 } else { SIZE };
        let scale: Vec<f64> = (0..learnt).map(|k| 0.5 + k as f64).collect();
        let shift: Vec<f64> = (0..learnt).map(|k| k as f64 - 1.0).collect();
        let mut state = state_dict(&norm);
        let data = |v: &[f64]| {
            let values: Vec<f32> = v.iter().map(|&v| v as f32).collect();
            TensorData::new(values, [learnt])
        };
        state.insert("scale".into(), data(&scale));
        state.insert("shift".into(), data(&shift));
        norm = load_state(norm, &state).unwrap();
        let spread = |v: &[f64]| -> Vec<f64> { (0..SIZE).map(|k| v[k % learnt]).collect() };
        let mut plain = Plain {
            scale: spread(&scale),
            shift: spread(&shift),
            mean: vec![0.0; SIZE],
            variance: vec![1.0; SIZE],
        };
        for seed in 0..5 {
            let x = random([7, SIZE], seed);
            let (y, seen) = train(norm, tensor(&x, [7, SIZE], &device));
            norm = seen;
            assert_close("training", &host(y), &plain.train(&x, SIZE), 1e-5);
            assert_close("mean", &host(norm.running_mean.val()), &plain.mean, 1e-5);
            assert_close(
                "variance",
                &host(norm.running_variance.val()),
                &plain.variance,
                1e-5,
            );
            let y = norm.forward(tensor(&x, [7, SIZE], &device), &mut Pass::Evaluation);
            assert_close("evaluation", &host(y), &plain.evaluate(&x, SIZE), 1e-5);
        }
    }
}

/// Gradients flow through the batch's statistics: the sum of a normalised column cannot be changed by its inputs.
#[test]
fn gradients_know_of_the_statistics() {
    let device = device().autodiff();
    let norm = BatchNorm::init(3, false, &device);
    let x = tensor(&random([6, 3], 1), [6, 3], &device).require_grad();
    let (y, _) = train(norm.clone(), x.clone());
    let grads = y.sum().backward();
    assert!(host(x.grad(&grads).unwrap()).iter().all(|g| g.abs() < 1e-5));
    // A part of it can.
    let (y, _) = train(norm.clone(), x.clone());
    let loss = y.slice([0..1, 0..3]).square().sum();
    let grads = loss.backward();
    let numeric = |i: usize| {
        let at = |delta: f64| {
            let mut moved = random([6, 3], 1);
            moved[i] += delta;
            let mut plain = Plain {
                scale: vec![1.0; 3],
                shift: vec![0.0; 3],
                mean: vec![0.0; 3],
                variance: vec![1.0; 3],
            };
            plain.train(&moved, 3)[..3]
                .iter()
                .map(|v| v * v)
                .sum::<f64>()
        };
        (at(1e-5) - at(-1e-5)) / 2e-5
    };
    let want: Vec<f64> = (0..18).map(numeric).collect();
    assert_close("gradient", &host(x.grad(&grads).unwrap()), &want, 1e-4);
}

#[test]
fn running_statistics_are_state_and_have_no_gradient() {
    let device = device().autodiff();
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let head = VarianceHead::init(5, 3, true, &mut rng, &device);
    let x = tensor(&random([8, 5], 2), [8, 5], &device);
    let (variance, statistics) = head.forward_train(x.clone());
    let grads = variance.sum().backward();
    assert!(head.input.weight.val().grad(&grads).is_some());
    assert!(head.output_norm.scale.val().grad(&grads).is_some());
    assert!(head.output_norm.running_mean.val().grad(&grads).is_none());
    let seen = statistics.into_module(head.clone());
    let state = state_dict(&seen);
    assert_eq!(state.len(), 4 + 8);
    assert_eq!(state["output_norm.scale"].shape().as_slice(), [1]);
    assert_eq!(
        state["output_norm.running_variance"].shape().as_slice(),
        [3]
    );
    let again = load_state(head.clone(), &state).unwrap();
    assert_eq!(state_dict(&again), state);
    assert_ne!(state_dict(&head), state);
    assert_eq!(
        host(again.forward(x.clone()).inner()),
        host(seen.forward(x).inner())
    );
}

#[test]
fn variances_are_finite_and_above_zero_whatever_the_features() {
    let device = device();
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let head = VarianceHead::init(5, 3, false, &mut rng, &device);
    for scale in [0.0, 1.0, 1e6, -1e20] {
        let x = tensor(&random([8, 5], 2), [8, 5], &device) * scale;
        for variance in [head.forward(x.clone()), head.forward_train(x).0] {
            for v in host(variance) {
                assert!(v.is_finite() && v > 0.0, "{scale}: {v}");
            }
        }
    }
}

/// Maps `[B, C, H, W]` against numbers of PyTorch's `BatchNorm2d` (`tests/fixtures/weights/make.py`).
#[test]
fn batch_norm_of_maps_is_pytorchs() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/weights/batch_norm.safetensors"
    );
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let device = device().autodiff();
    let read = |name: &str| values(&file, name);
    let map = |name: &str| {
        let (shape, values) = read(name);
        crate::common::tensor::<4>(&values, &shape, &device)
    };
    let mut norm = BatchNorm::init(3, false, &device);
    let mut state = state_dict(&norm);
    for (ours, theirs) in [("scale", "weight"), ("shift", "bias")] {
        let data = crate::common::tensor::<1>(&read(theirs).1, &[3], &device).into_data();
        state.insert(ours.into(), data);
    }
    norm = load_state(norm, &state).unwrap();
    for step in 0..2 {
        let name = |what: &str| format!("{step}.{what}");
        let x = map(&name("x")).require_grad();
        let mut statistics = BatchStatistics::default();
        let y = norm.forward(x.clone(), &mut Pass::Training(&mut statistics));
        let grads = (y.clone() * map("loss_weights")).sum().backward();
        let check = |what: &str, got: &[f32]| {
            assert_close(&name(what), got, &read(&name(what)).1, 1e-5);
        };
        check("train", &host(y.inner()));
        check("x_grad", &host(x.grad(&grads).unwrap()));
        check("weight_grad", &host(norm.scale.val().grad(&grads).unwrap()));
        check("bias_grad", &host(norm.shift.val().grad(&grads).unwrap()));
        norm = statistics.into_module(norm);
        check("running_mean", &host(norm.running_mean.val().inner()));
        check("running_var", &host(norm.running_variance.val().inner()));
        let y = norm.forward(x, &mut Pass::Evaluation);
        check("eval", &host(y.inner()));
    }
}
