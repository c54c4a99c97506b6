//! Heads of one and of several layers.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::device;
use burn::tensor::{Distribution, Tensor, TensorData};
use lam_model::backbone::Backbone;
use lam_model::head::{Activation, HeadConfig, RandomFeaturesConfig};
use lam_model::{EncoderConfig, load_state, state_dict};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

fn deep(activation: Activation) -> HeadConfig {
    HeadConfig {
        random_features: None,
        hidden: vec![6, 5],
        latent_dim: 4,
        activation,
    }
}

#[test]
fn layers_are_applied_in_order() {
    let device = device();
    let x = Tensor::<2>::from_data([[0.5, -1.0, 2.0], [0.0, 3.0, -0.25]], &device);
    for activation in [Activation::Tanh, Activation::Relu] {
        let head = deep(activation).init(3, &mut ChaCha12Rng::seed_from_u64(1), &device);
        let mut a = x.clone();
        for layer in &head.hidden {
            let m = layer.forward(a);
            a = match activation {
                Activation::Tanh => m.tanh(),
                Activation::Relu => m.clamp_min(0.0),
            };
        }
        let expected = a.matmul(head.weight.val().transpose()) + head.bias.val().unsqueeze();
        let ours = head.forward(x.clone());
        assert_eq!(ours.dims(), [2, 4]);
        assert_eq!(ours.into_data(), expected.into_data());
        let sizes: Vec<[usize; 2]> = head.weights().layers.iter().map(|l| l.dims()).collect();
        assert_eq!(sizes, [[6, 3], [5, 6], [4, 5]]);
    }
}

#[test]
fn derivatives_are_those_of_the_activation() {
    let device = device();
    let m = [-2.0, -0.5, 0.0, 0.25, 3.0];
    for activation in [Activation::Tanh, Activation::Relu] {
        let at = Tensor::<1>::from_data(m, &device.clone().autodiff()).require_grad();
        let applied = activation.apply(at.clone());
        let gradients = applied.clone().sum().backward();
        let expected = at.grad(&gradients).unwrap().into_data();
        let ours = activation.derivative(applied.inner()).into_data();
        let ours: Vec<f32> = ours.iter::<f32>().collect();
        for (a, e) in ours.iter().zip(expected.iter::<f32>()) {
            assert!((a - e).abs() < 1e-6, "{activation:?}: {a} {e}");
        }
    }
}

#[test]
fn a_linear_head_keeps_its_names_and_numbers() {
    let device = device();
    let linear = HeadConfig::linear(4).init(3, &mut ChaCha12Rng::seed_from_u64(1), &device);
    let names: Vec<String> = state_dict(&linear).into_keys().collect();
    assert_eq!(names, ["bias", "weight"]);
    let deep = deep(Activation::Tanh).init(3, &mut ChaCha12Rng::seed_from_u64(1), &device);
    let names: Vec<String> = state_dict(&deep).into_keys().collect();
    assert_eq!(
        names,
        [
            "bias",
            "hidden.0.bias",
            "hidden.0.weight",
            "hidden.1.bias",
            "hidden.1.weight",
            "weight"
        ]
    );
}

#[test]
fn an_encoder_with_a_deep_head_saves_and_loads() {
    let device = device();
    let config = EncoderConfig::new("linear", [3, 32, 32], 16)
        .unwrap()
        .with_hidden(vec![6], Activation::Relu);
    let draw = |seed| config.init(&mut ChaCha12Rng::seed_from_u64(seed), &device);
    let (one, other) = (draw(1), draw(2));
    let loaded = load_state(other, &state_dict(&one)).unwrap();
    assert_eq!(state_dict(&loaded), state_dict(&one));
    assert_eq!(one.head.hidden[0].weight.dims(), [6, 1024]);
    assert_eq!(one.head.weight.dims(), [16, 6]);
}

#[test]
fn activations_have_names() {
    assert_eq!("tanh".parse::<Activation>().unwrap(), Activation::Tanh);
    assert_eq!("relu".parse::<Activation>().unwrap(), Activation::Relu);
    let error = "gelu".parse::<Activation>().unwrap_err().to_string();
    assert!(
        error.contains("gelu") && error.contains("tanh, relu"),
        "{error}"
    );
}

/// Independent of the map's own code: the definition, row by row in double precision, and the kernel that it stands for.
#[test]
fn random_features_are_those_of_a_gaussian_kernel() {
    let device = device();
    let (features, count, length_scale) = (12, 20_000, 0.7);
    let mut config = HeadConfig::linear(4);
    config.random_features = Some(RandomFeaturesConfig {
        count,
        length_scale,
    });
    let head = config.init(features, &mut ChaCha12Rng::seed_from_u64(1), &device);
    let mut rng = ChaCha12Rng::seed_from_u64(2);
    let values: Vec<f32> = (0..5 * features)
        .map(|_| rng.random_range(-1.0..3.0))
        .collect();
    let x = Tensor::<2>::from_data(TensorData::new(values.clone(), [5, features]), &device);
    let map = head.random_features.as_ref().unwrap();
    let host = |data: TensorData| -> Vec<f64> { data.iter::<f64>().collect() };
    let projection = host(map.projection.val().into_data());
    let phase = host(map.phase.val().into_data());
    let lifted = host(head.features(x.clone()).into_data());
    let rows: Vec<Vec<f64>> = values
        .chunks(features)
        .map(|row| {
            let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
            row.iter().map(|&v| f64::from(v) / norm.sqrt()).collect()
        })
        .collect();
    for (row, lifted) in rows.iter().zip(lifted.chunks(count)) {
        for ((omega, p), found) in projection.chunks(features).zip(&phase).zip(lifted) {
            let angle: f64 = omega.iter().zip(row).map(|(o, v)| o * v).sum::<f64>() + p;
            let expected = (2.0 / count as f64).sqrt() * angle.cos();
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
    for (a, phi_a) in rows.iter().zip(lifted.chunks(count)) {
        for (b, phi_b) in rows.iter().zip(lifted.chunks(count)) {
            let squared: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
            let kernel = (-squared / (2.0 * f64::from(length_scale).powi(2))).exp();
            let found: f64 = phi_a.iter().zip(phi_b).map(|(a, b)| a * b).sum();
            // Four standard deviations of a mean of 20,000 products, each at most 2.
            assert!((found - kernel).abs() < 0.03, "{found} {kernel}");
        }
    }
    let expected = head.weights().forward(head.features(x.clone()));
    assert_eq!(head.forward(x).into_data(), expected.into_data());
    assert_eq!(head.weight.dims(), [4, count]);
}

/// Learning moves the layers and the backbone, never the map.
#[test]
fn random_features_pass_gradients_on_and_have_none() {
    let device = device().autodiff();
    let config = EncoderConfig::new("linear", [1, 28, 28], 3).unwrap();
    let config = config.with_random_features(RandomFeaturesConfig {
        count: 16,
        length_scale: 1.0,
    });
    assert_eq!(config.features(), 16);
    let encoder = config.init(&mut ChaCha12Rng::seed_from_u64(1), &device);
    let names: Vec<String> = state_dict(&encoder.head).into_keys().collect();
    let map = ["random_features.phase", "random_features.projection"];
    assert_eq!(names, ["bias", map[0], map[1], "weight"]);
    // As a checkpoint is read back.
    let encoder = load_state(encoder.clone(), &state_dict(&encoder)).unwrap();
    let images = Tensor::<4>::random([2, 1, 28, 28], Distribution::Default, &device);
    let (features, _) = encoder.features_train(images);
    let loss = encoder.head.weights().forward(features).square().sum();
    let gradients = loss.backward();
    let map = encoder.head.random_features.as_ref().unwrap();
    assert!(map.projection.val().grad(&gradients).is_none());
    assert!(map.phase.val().grad(&gradients).is_none());
    assert!(encoder.head.weight.val().grad(&gradients).is_some());
    let Backbone::Small(net) = &encoder.backbone else {
        panic!("a small network")
    };
    let first = net.blocks()[0].weight.val().grad(&gradients).unwrap();
    assert!(first.abs().max().into_scalar::<f32>() > 0.0);
}
