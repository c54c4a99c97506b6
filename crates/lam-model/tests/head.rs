//! Heads of one and of several layers.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::device;
use burn::tensor::Tensor;
use lam_model::head::{Activation, HeadConfig};
use lam_model::{EncoderConfig, load_state, state_dict};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

fn deep(activation: Activation) -> HeadConfig {
    HeadConfig {
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
