//! Backbones that compute in bf16: as those in `f32` but for rounding, and `f32` wherever anything is kept.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::host;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use lam_model::backbone::{Backbone, ChannelDropout, ConvBlock, ConvBlockConfig};
use lam_model::batch_norm::{BatchNorm, BatchStatistics, Pass};
use lam_model::{Encoder, EncoderConfig, ModelError, Precision, load_state, state_dict};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// What rounding to the eight bits of bf16 changes a number by, at most and relative to it.
const ROUNDING: f64 = 1.0 / 256.0;

/// Every architecture with a kind of layer of its own, and the side of its images.
const BACKBONES: [(&str, [usize; 3]); 6] = [
    ("linear", [1, 28, 28]),
    ("linear", [3, 32, 32]),
    ("alexnet", [3, 64, 64]),
    ("resnet18", [3, 64, 64]),
    ("densenet121", [3, 64, 64]),
    ("squeezenet1_1", [3, 64, 64]),
];

fn encoder(arch: &str, image: [usize; 3], precision: Precision, device: &Device) -> Encoder {
    let config = EncoderConfig::new(arch, image, 8).unwrap();
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    config.with_precision(precision).init(&mut rng, device)
}

fn random<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Stripes, each image with a direction and a width of its own.
fn images([channels, height, width]: [usize; 3], device: &Device) -> Tensor<4> {
    let mut values = Vec::new();
    for image in 0..4 {
        for channel in 0..channels {
            for y in 0..height {
                for x in 0..width {
                    let [across, along] = if image % 2 == 0 { [x, y] } else { [y, x] };
                    let phase = (0.3 + 0.2 * image as f32) * across as f32 + channel as f32;
                    values.push(phase.sin() + 0.1 * (0.7 * along as f32).cos());
                }
            }
        }
    }
    let data = TensorData::new(values, [4, channels, height, width]);
    Tensor::from_data(data, device)
}

fn norm(values: &[f32]) -> f64 {
    values
        .iter()
        .map(|&v| f64::from(v).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// `|a − b| / |b|`.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let difference: Vec<f32> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    norm(&difference) / norm(b).max(1e-30)
}

/// The gradients of all parameters, which must be `f32`.
struct Collect<'a> {
    gradients: &'a Gradients,
    found: Vec<Vec<f32>>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        assert_eq!(value.dtype(), DType::F32);
        if let Some(gradient) = value.grad(self.gradients) {
            assert_eq!(gradient.dtype(), DType::F32);
            self.found.push(host(gradient));
        }
    }
}

fn gradients_of<M: Module>(module: &M, gradients: &Gradients) -> Vec<Vec<f32>> {
    let mut collect = Collect {
        gradients,
        found: Vec::new(),
    };
    module.visit(&mut collect);
    collect.found
}

/// Features, and the gradients of a random combination of them.
fn trained(encoder: &Encoder, x: Tensor<4>) -> (Vec<f32>, Vec<Vec<f32>>) {
    let (features, statistics) = encoder.backbone.forward_train(x);
    assert_eq!(features.dtype(), DType::F32);
    let weights = random(features.dims(), 3, &features.device());
    let gradients = (features.clone() * weights).sum().backward();
    let found = gradients_of(&encoder.backbone, &gradients);
    let after = statistics.into_module(encoder.clone());
    for (name, data) in state_dict(&after) {
        assert_eq!(data.dtype(), DType::F32, "{name}");
    }
    (host(features.inner()), found)
}

fn with_rounded_weights(encoder: &Encoder) -> Encoder {
    let mut state = state_dict(&encoder.backbone);
    for (name, data) in &mut state {
        if !name.contains("running") {
            let values: Vec<f32> = data.iter::<f32>().map(rounded).collect();
            *data = TensorData::new(values, data.shape().to_vec());
        }
    }
    Encoder {
        backbone: load_state(encoder.backbone.clone(), &state).unwrap(),
        head: encoder.head.clone(),
    }
}

/// How much a rounding error grows on its way is the network's matter: wherever a ReLU changes its mind, a gradient
/// jumps, and norms enlarge what differs between few images. So the measure is the same network in `f32` with its
/// weights rounded once.
#[test]
fn features_and_gradients_differ_by_rounding() {
    let device = Device::flex().autodiff();
    for (arch, image) in BACKBONES {
        let full = encoder(arch, image, Precision::Full, &device);
        let mixed = encoder(arch, image, Precision::Bf16, &device);
        // The same weights whatever the precision.
        assert_eq!(state_dict(&full), state_dict(&mixed));
        let x = images(image, &device);
        let (want, want_gradients) = trained(&full, x.clone());
        let (features, gradients) = trained(&mixed, x.clone());
        let (measure, of_gradients) = trained(&with_rounded_weights(&full), x.clone());
        assert_eq!(gradients.len(), want_gradients.len());
        assert!(!gradients.is_empty());
        let pairs = [
            ("features", features, measure, want),
            (
                "gradients",
                gradients.concat(),
                of_gradients.concat(),
                want_gradients.concat(),
            ),
        ];
        for (what, got, measure, want) in pairs {
            let (apart, measure) = (distance(&got, &want), distance(&measure, &want));
            assert!(
                0.0 < apart && apart < 4.0 * measure,
                "{arch}, {what}: {apart} {measure}"
            );
        }
        let evaluated = |encoder: &Encoder| {
            let features = encoder.valid().backbone.forward(x.clone().inner());
            assert_eq!(features.dtype(), DType::F32);
            host(features)
        };
        let apart = distance(&evaluated(&mixed), &evaluated(&full));
        assert!(0.0 < apart && apart < 2.0 * ROUNDING, "{arch}: {apart}");
    }
}

/// To the nearest number of bf16, ties to the even one: the upper half of the bits of a number of `f32`.
fn rounded(value: f32) -> f32 {
    let bits = value.to_bits();
    let odd = (bits >> 16) & 1;
    f32::from_bits((bits + 0x7fff + odd) & 0xffff_0000)
}

fn rounded_tensor<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let (shape, device) = (x.dims(), x.device());
    let values: Vec<f32> = host(x).into_iter().map(rounded).collect();
    Tensor::from_data(TensorData::new(values, shape), &device)
}

fn in_f32<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    host(x.cast(DType::F32))
}

fn blocks(device: &Device) -> [ConvBlock; 2] {
    [false, true].map(|pool| {
        let config = ConvBlockConfig {
            channels_in: 3,
            channels_out: 20,
            pool,
        };
        config.init(&mut ChaCha12Rng::seed_from_u64(4), device)
    })
}

/// Input, weights and output are rounded, sums are not.
#[test]
fn a_block_is_the_one_in_f32_with_rounded_numbers() {
    let device = Device::flex();
    for block in blocks(&device) {
        let x = random([2, 3, 12, 12], 5, &device);
        let mut of_rounded = block.clone();
        of_rounded.weight = Param::from_tensor(rounded_tensor(block.weight.val()));
        of_rounded.bias = Param::from_tensor(rounded_tensor(block.bias.val()));
        let want = of_rounded.forward(rounded_tensor(x.clone()));
        let got = block.forward(x.cast(DType::BF16));
        assert_eq!(got.dtype(), DType::BF16);
        assert_eq!(in_f32(got), host(rounded_tensor(want)));
    }
}

/// Output of `forward` and the gradients of the block's parameters for a random gradient of the output.
fn run(
    block: &ConvBlock,
    x: Tensor<4>,
    forward: impl Fn(&ConvBlock, Tensor<4>) -> Tensor<4>,
) -> (Vec<f32>, Vec<Vec<f32>>) {
    let dtype = x.dtype();
    let y = forward(block, x);
    assert_eq!(y.dtype(), dtype);
    let weights = random(y.dims(), 6, &y.device()).cast(dtype);
    let gradients = (y.clone() * weights).sum().backward();
    let found = gradients_of(block, &gradients);
    assert_eq!(found.len(), 2);
    (in_f32(y.inner()), found)
}

/// The kernels around which numbers are cast, and operations on numbers of bf16.
#[test]
fn kernels_and_tensor_operations_agree() {
    let device = Device::flex().autodiff();
    for block in blocks(&device) {
        let x = random([2, 3, 12, 12], 5, &device).cast(DType::BF16);
        let (fast, fast_gradients) = run(&block, x.clone(), ConvBlock::forward);
        let (plain, plain_gradients) = run(&block, x, ConvBlock::forward_by_tensors);
        assert!(distance(&fast, &plain) <= ROUNDING);
        if block.is_pooled() {
            // Rounding makes several maxima of one, and the operations do not agree on which of them counts.
            continue;
        }
        for (fast, plain) in fast_gradients.iter().zip(&plain_gradients) {
            let apart = distance(fast, plain);
            assert!(apart <= ROUNDING, "{apart}");
        }
    }
}

/// Where no ReLU changes its mind, rounding is all that happens to a gradient.
#[test]
fn a_gradient_is_rounded_and_comes_back_in_f32() {
    let device = Device::flex().autodiff();
    let [mut block, _] = blocks(&device);
    block.bias = Param::from_tensor(Tensor::full([block.channels_out()], 5.0, &device));
    let x = random([2, 3, 12, 12], 5, &device);
    for forward in [ConvBlock::forward, ConvBlock::forward_by_tensors] {
        let (_, want) = run(&block, x.clone(), forward);
        let (_, got) = run(&block, x.clone().cast(DType::BF16), forward);
        for (got, want) in got.iter().zip(&want) {
            let apart = distance(got, want);
            assert!(0.0 < apart && apart <= ROUNDING, "{apart}");
        }
    }
}

#[test]
fn a_norm_computes_and_keeps_its_statistics_in_f32() {
    let device = Device::flex();
    let norm = BatchNorm::init(6, false, &device);
    // Far from 0, so that statistics in bf16 would be worthless.
    let x = random([4, 6, 5, 5], 7, &device) + 100.0;
    let run = |x: Tensor<4>| {
        let mut statistics = BatchStatistics::default();
        let y = norm.forward(x, &mut Pass::Training(&mut statistics));
        let after = statistics.into_module(norm.clone());
        assert_eq!(after.running_variance.val().dtype(), DType::F32);
        (y, state_dict(&after))
    };
    let (want, want_state) = run(rounded_tensor(x.clone()));
    let (got, state) = run(x.cast(DType::BF16));
    assert_eq!(got.dtype(), DType::BF16);
    assert_eq!(in_f32(got), host(rounded_tensor(want)));
    assert_eq!(state, want_state);
}

#[test]
fn dropout_leaves_out_the_same_channels_in_either_precision() {
    let device = Device::flex();
    let dropout = ChannelDropout::new(0.3).unwrap();
    for (arch, image) in [("linear", [3, 32, 32]), ("resnet18", [3, 64, 64])] {
        let x = images(image, &device);
        let run = |precision| -> Vec<Vec<f32>> {
            let encoder = encoder(arch, image, precision, &device);
            let mut rng = ChaCha12Rng::seed_from_u64(8);
            let backbone = &encoder.backbone;
            let (trained, _) = backbone.forward_with_dropout(x.clone(), dropout, &mut rng);
            let found = encoder
                .dropout_samples(dropout, 3, &mut rng)
                .outputs(x.clone());
            vec![host(trained), host(found.whole), host(found.outputs)]
        };
        for (got, want) in run(Precision::Bf16).iter().zip(&run(Precision::Full)) {
            // Other channels would be about as far apart as the features are long.
            let apart = distance(got, want);
            assert!(0.0 < apart && apart < 0.05, "{arch}: {apart}");
        }
    }
}

#[test]
fn features_that_are_given_are_not_rounded() {
    let device = Device::flex();
    let config = EncoderConfig::of_features(5, 2).with_precision(Precision::Bf16);
    let encoder = config.init(&mut ChaCha12Rng::seed_from_u64(1), &device);
    assert!(matches!(encoder.backbone, Backbone::Given(_)));
    let x = random([3, 5, 1, 1], 9, &device);
    assert_eq!(host(encoder.backbone.forward(x.clone())), host(x));
}

#[test]
fn the_processor_has_bf16_and_who_has_not_is_told_what_to_do() {
    assert_eq!(Precision::mixed(&Device::flex()).unwrap(), Precision::Bf16);
    let message = ModelError::NoMixedPrecision.to_string();
    assert!(message.contains("precision=full"), "{message}");
}
