//! Trunks against torchvision's, and what training them needs.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::{assert_close, device, golden, host, values};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use lam_model::backbone::{Backbone, ChannelDropout, TrunkConfig};
use lam_model::batch_norm::Pass;
use lam_model::head::Head;
use lam_model::weights::torchvision_name;
use lam_model::{Encoder, EncoderConfig, ModelError, load_state, state_dict};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use safetensors::SafeTensors;

fn encoder(arch: &str, side: usize, latent: Option<usize>, device: &Device) -> Encoder {
    let config = EncoderConfig::new(arch, [3, side, side], latent).unwrap();
    config.init(&mut ChaCha12Rng::seed_from_u64(1), device)
}

/// The rule of the golden file: a function of a tensor's place in torchvision's state dict.
fn filled(encoder: Encoder) -> Encoder {
    let mut state = state_dict(&encoder.backbone);
    for (name, data) in &mut state {
        let Some(key) = torchvision_name(&encoder.backbone, name) else {
            continue;
        };
        let shape = data.shape().to_vec();
        let count: usize = shape.iter().product();
        let per_output = (count / shape[0]) as f64;
        let value = |i: usize| {
            let s = (0.731 * i as f64 + key.len() as f64).sin();
            match key.rsplit('.').next().unwrap() {
                "running_var" => 1.0 + 0.5 * s * s,
                "running_mean" | "bias" => 0.1 * s,
                _ if shape.len() == 1 => 1.0 + 0.1 * s,
                _ => s * (2.0 / per_output).sqrt(),
            }
        };
        let values: Vec<f32> = (0..count).map(|i| value(i) as f32).collect();
        *data = TensorData::new(values, shape);
    }
    Encoder {
        backbone: load_state(encoder.backbone, &state).unwrap(),
        head: encoder.head,
    }
}

fn images(batch: usize, height: usize, width: usize, device: &Device) -> Tensor<4> {
    let values: Vec<f32> = (0..batch * 3 * height * width)
        .map(|i| (0.017 * i as f64).sin() as f32)
        .collect();
    Tensor::from_data(TensorData::new(values, [batch, 3, height, width]), device)
}

#[test]
fn trunks_are_torchvisions() {
    let bytes = golden("backbones");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let device = device();
    let images = images(2, 96, 80, &device);
    let mut seen = 0;
    for arch in TrunkConfig::names() {
        if file.tensor(&format!("{arch}.shape")).is_err() {
            continue;
        }
        seen += 1;
        let Backbone::Retrieval(net) = filled(encoder(arch, 96, None, &device)).backbone else {
            panic!("{arch}");
        };
        let map = net.trunk.forward(images.clone(), &mut Pass::Evaluation);
        let dims = map.dims().map(|d| d as f64);
        assert_eq!(
            dims.to_vec(),
            values(&file, &format!("{arch}.shape")).1,
            "{arch}"
        );
        let means = host(map.clone().flatten::<3>(2, 3).mean_dim(2));
        let want = values(&file, &format!("{arch}.mean_hw")).1;
        assert_close(&format!("{arch} mean"), &means, &want, 1e-3);
        let squares: f64 = host(map).iter().map(|&v| f64::from(v).powi(2)).sum();
        let want = values(&file, &format!("{arch}.l2")).1;
        assert_close(&format!("{arch} L2"), &[squares.sqrt() as f32], &want, 1e-3);
    }
    assert_eq!(
        seen,
        file.names().iter().filter(|n| n.ends_with(".l2")).count()
    );
}

/// Numbers of parameters of torchvision's models without their classifiers.
#[test]
fn every_trunk_has_torchvisions_size() {
    let device = device();
    for (arch, channels, parameters) in [
        ("alexnet", 256, 2_469_696),
        ("vgg11", 512, 9_220_480),
        ("vgg13", 512, 9_404_992),
        ("vgg16", 512, 14_714_688),
        ("vgg19", 512, 20_024_384),
        ("resnet18", 512, 11_176_512),
        ("resnet34", 512, 21_284_672),
        ("resnet50", 2048, 23_508_032),
        ("resnet101", 2048, 42_500_160),
        ("resnet152", 2048, 58_143_808),
        ("densenet121", 1024, 6_953_856),
        ("densenet161", 2208, 26_472_000),
        ("densenet169", 1664, 12_484_480),
        ("densenet201", 1920, 18_092_928),
        ("squeezenet1_0", 512, 735_424),
        ("squeezenet1_1", 512, 722_496),
    ] {
        let encoder = encoder(arch, 64, Some(1), &device);
        let Backbone::Retrieval(net) = &encoder.backbone else {
            panic!("{arch}");
        };
        assert_eq!(net.features(), channels, "{arch}");
        let running: usize = state_dict(&net.trunk)
            .iter()
            .filter(|(name, _)| name.contains("running"))
            .map(|(_, data)| data.num_elements())
            .sum();
        assert_eq!(net.trunk.num_params() - running, parameters, "{arch}");
    }
}

#[test]
fn every_trunk_takes_the_smallest_images() {
    let device = device();
    for arch in [
        "alexnet",
        "vgg11",
        "resnet18",
        "densenet121",
        "squeezenet1_0",
        "squeezenet1_1",
    ] {
        let encoder = encoder(arch, 32, None, &device);
        let features = encoder.backbone.forward(images(1, 32, 32, &device));
        let values = host(features);
        assert_eq!(values.len(), encoder.head.weights().layers.last.dims()[1]);
        assert!(values.iter().all(|v| v.is_finite()), "{arch}");
    }
}

#[test]
fn training_uses_the_batch_and_moves_the_running_statistics() {
    let device = device().autodiff();
    let before = encoder("resnet18", 64, Some(8), &device);
    let x = images(3, 64, 64, &device);
    let (features, statistics) = before.backbone.forward_train(x.clone());
    let loss = before.head.forward(features.clone()).square().sum();
    let grads = loss.backward();
    let Backbone::Retrieval(net) = &before.backbone else {
        panic!();
    };
    let lam_model::pooling::Pooling::Global(lam_model::pooling::GlobalPooling::Gem(gem)) =
        &net.pool
    else {
        panic!();
    };
    assert!(gem.exponent.val().grad(&grads).is_some());
    assert_ne!(
        host(features.inner()),
        host(before.backbone.forward(x.clone()).inner())
    );
    let after = statistics.into_module(before.clone());
    let (old, new) = (state_dict(&before), state_dict(&after));
    let mut norms = 0;
    for (name, data) in &old {
        let running = name.contains("running");
        assert_eq!(data != &new[name], running, "{name}");
        norms += usize::from(name.ends_with("running_mean"));
    }
    assert_eq!(norms, 20);
    // The state says all: what was loaded evaluates as what was trained, with and without automatic differentiation.
    let again = load_state(before, &new).unwrap();
    let want = host(after.valid().backbone.forward(x.clone().inner()));
    assert_eq!(
        host(again.valid().backbone.forward(x.clone().inner())),
        want
    );
    assert_eq!(host(after.backbone.forward(x).inner()), want);
}

#[test]
fn dropout_of_a_trunk_leaves_out_pooled_features() {
    let device = device();
    let encoder = encoder("resnet18", 32, Some(8), &device);
    let dropout = ChannelDropout::new(0.5).unwrap();
    let x = images(3, 32, 32, &device);
    let mut rng = ChaCha12Rng::seed_from_u64(3);
    // A head that passes features on.
    let identity = Encoder {
        head: Head::of_linear(Tensor::eye(512, &device), Tensor::zeros([512], &device)),
        ..encoder.clone()
    };
    let out = identity
        .dropout_samples(dropout, 4, &mut rng)
        .outputs(x.clone());
    let whole = host(out.whole);
    assert_eq!(whole, host(encoder.backbone.forward(x)));
    let mut patterns = Vec::new();
    for sample in 0..4 {
        let values = host(out.outputs.clone().narrow(1, sample, 1));
        let kept: Vec<bool> = values.iter().map(|&v| v != 0.0).collect();
        for (i, (&v, &w)) in values.iter().zip(&whole).enumerate() {
            assert!(v == 0.0 || (v - 2.0 * w).abs() <= 1e-6 * w.abs(), "{v} {w}");
            // The same features of every image.
            assert_eq!(kept[i], kept[i % 512]);
        }
        patterns.push(kept);
    }
    assert_eq!(patterns.len(), 4);
    assert_ne!(patterns[0], patterns[1]);
}

#[test]
fn what_no_trunk_takes_is_said() {
    for (arch, image) in [
        ("resnet50", [1, 64, 64]),
        ("vgg16", [3, 31, 64]),
        ("lenet", [3, 64, 64]),
    ] {
        let error = EncoderConfig::new(arch, image, None).unwrap_err();
        assert!(matches!(error, ModelError::NoBackbone { .. }));
        assert!(error.to_string().contains("at least 32×32"), "{error}");
    }
}
