//! The encoder's shapes, seeds and state.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::device;
use burn::tensor::{Tensor, TensorData};
use lam_model::{EncoderConfig, ModelError, load_state, state_dict};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

#[test]
fn features_are_those_of_the_paper() {
    let config = EncoderConfig::new("linear", [1, 28, 28], 3).unwrap();
    assert_eq!((config.features(), config.latent_dim()), (9216, 3));
    assert_eq!(
        EncoderConfig::new("linear", [3, 32, 32], 16)
            .unwrap()
            .features(),
        1024
    );
}

#[test]
fn forward_has_the_configured_shapes() {
    for (image, latent) in [([1, 28, 28], 3), ([3, 32, 32], 16)] {
        let config = EncoderConfig::new("linear", image, latent).unwrap();
        let device = device();
        let encoder = config.init(&mut ChaCha12Rng::seed_from_u64(1), &device);
        let images = Tensor::<4>::ones([2, image[0], image[1], image[2]], &device);
        let features = encoder.backbone.forward(images);
        assert_eq!(features.dims(), [2, config.features()]);
        assert_eq!(encoder.head.forward(features).dims(), [2, latent]);
    }
}

#[test]
fn an_unknown_architecture_or_image_size_is_named() {
    let error = EncoderConfig::new("linear", [3, 64, 64], 3).unwrap_err();
    assert!(matches!(error, ModelError::NoBackbone { .. }));
    assert!(error.to_string().contains("3×64×64"), "{error}");
    assert!(EncoderConfig::new("resnet", [1, 28, 28], 3).is_err());
}

#[test]
fn the_same_seed_gives_the_same_weights_within_their_bounds() {
    let config = EncoderConfig::new("linear", [1, 28, 28], 3).unwrap();
    let draw = |seed| state_dict(&config.init(&mut ChaCha12Rng::seed_from_u64(seed), &device()));
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
    let state = draw(7);
    let names: Vec<&str> = state.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "backbone.blocks.0.bias",
            "backbone.blocks.0.weight",
            "backbone.blocks.1.bias",
            "backbone.blocks.1.weight",
            "head.bias",
            "head.weight"
        ]
    );
    let head = state["head.weight"].try_to_vec::<f32>().unwrap();
    assert!(head.iter().all(|w| w.abs() <= 1.0 / 96.0));
    assert!(head.iter().any(|w| w.abs() > 0.9 / 96.0));
}

#[test]
fn state_goes_out_and_in_and_mismatches_are_listed() {
    let config = EncoderConfig::new("linear", [1, 28, 28], 3).unwrap();
    let device = device();
    let from = config.init(&mut ChaCha12Rng::seed_from_u64(1), &device);
    let to = config.init(&mut ChaCha12Rng::seed_from_u64(2), &device);
    let state = state_dict(&from);
    assert_eq!(state_dict(&load_state(to.clone(), &state).unwrap()), state);

    let mut broken = state.clone();
    broken.remove("head.bias");
    broken.insert(
        "head.weight".into(),
        TensorData::new(vec![0.0_f32; 4], [2, 2]),
    );
    broken.insert("surplus".into(), TensorData::new(vec![0.0_f32], [1]));
    let message = load_state(to, &broken).unwrap_err().to_string();
    for part in [
        "missing tensor head.bias [3]",
        "head.weight has shape",
        "unexpected tensor surplus",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
