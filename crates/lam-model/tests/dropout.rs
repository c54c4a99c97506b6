//! Channel dropout against its definition.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::device;
use burn::tensor::{Device, Tensor, TensorData};
use lam_model::EncoderConfig;
use lam_model::backbone::{Backbone, ChannelDropout, ConvNet, ConvNetConfig};
use lam_model::head::Activation;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

fn networks() -> [(ConvNetConfig, [usize; 4]); 2] {
    [
        (ConvNetConfig::grey28(), [3, 1, 28, 28]),
        (ConvNetConfig::colour32(), [3, 3, 32, 32]),
    ]
}

fn images(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let mut rng = ChaCha12Rng::seed_from_u64(9);
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Blocks by Burn's own operations, a factor per image and channel after each.
fn plain(
    net: &ConvNet,
    images: Tensor<4>,
    mut factors: impl FnMut(usize, usize) -> Tensor<2>,
) -> Tensor<2> {
    let map = net.blocks().iter().fold(images, |x, block| {
        let map = block.forward_by_tensors(x);
        let [batch, channels, ..] = map.dims();
        map * factors(batch, channels).reshape([batch, channels, 1, 1])
    });
    map.flatten(1, 3)
}

fn close(got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len());
    let scale = want.iter().fold(1e-6_f32, |m, v| m.max(v.abs()));
    for (a, b) in got.iter().zip(want) {
        assert!((a - b).abs() <= 1e-4 * scale, "{a} {b}");
    }
}

#[test]
fn a_network_with_dropout_equals_factors_after_each_block() {
    for (config, shape) in networks() {
        let device = device().autodiff();
        let net = config.init(&mut ChaCha12Rng::seed_from_u64(5), &device);
        let dropout = ChannelDropout::new(0.4).unwrap();
        let generator = || ChaCha12Rng::seed_from_u64(3);
        let run = |features: Tensor<2>| {
            let grads = features.clone().square().sum().backward();
            let mut all = vec![host(features.inner())];
            for block in net.blocks() {
                all.push(host(block.weight.val().grad(&grads).unwrap()));
                all.push(host(block.bias.val().grad(&grads).unwrap()));
            }
            all
        };
        let x = images(shape, &device);
        let fast = run(net.forward_with_dropout(x.clone(), dropout, &mut generator()));
        let mut rng = generator();
        let want = run(plain(&net, x, |batch, channels| {
            dropout.masks(batch, channels, &mut rng, &device)
        }));
        for (fast, want) in fast.iter().zip(&want) {
            close(fast, want);
        }
    }
}

#[test]
fn a_draw_for_all_images_equals_the_same_factors_for_each() {
    for (config, shape) in networks() {
        let device = device();
        let net = config.init(&mut ChaCha12Rng::seed_from_u64(5), &device);
        let dropout = ChannelDropout::new(0.4).unwrap();
        let x = images(shape, &device);
        let first = net.first_block(x.clone());
        let mut rng = ChaCha12Rng::seed_from_u64(3);
        let mut plain_rng = rng.clone();
        for _ in 0..3 {
            let fast = net
                .rest_with_dropout(dropout, &mut rng)
                .forward(first.clone());
            let want = plain(&net, x.clone(), |batch, channels| {
                let factors = dropout.factors(channels, &mut plain_rng).repeat(batch);
                Tensor::from_data(TensorData::new(factors, [batch, channels]), &device)
            });
            close(&host(fast), &host(want));
        }
    }
}

/// The samples of an encoder against factors after each block, sample by sample. The networks for images of other sizes than
/// a batch's cut, every rate, and heads with and without hidden layers.
#[test]
fn samples_equal_the_same_factors_on_every_map() {
    for (shape, hidden, rate) in [
        ([3, 1, 28, 28], vec![], 0.05),
        ([9, 1, 28, 28], vec![7], 0.4),
        ([1, 1, 28, 28], vec![], 0.97),
        ([3, 3, 32, 32], vec![], 0.05),
        ([21, 3, 32, 32], vec![7], 0.4),
        ([2, 3, 32, 32], vec![], 0.97),
        ([2, 3, 32, 32], vec![], 0.0),
    ] {
        let device = Device::flex();
        let image = [shape[1], shape[2], shape[3]];
        let config = EncoderConfig::new("linear", image, 5).unwrap();
        let config = config.with_hidden(hidden, Activation::Tanh);
        let encoder = config.init(&mut ChaCha12Rng::seed_from_u64(5), &device);
        let Backbone::Small(net) = &encoder.backbone else {
            panic!("a small network")
        };
        let dropout = ChannelDropout::new(rate).unwrap();
        let x = images(shape, &device);
        let mut rng = ChaCha12Rng::seed_from_u64(3);
        let mut plain_rng = rng.clone();
        let samples = 20;
        let out = encoder
            .clone()
            .dropout_samples(dropout, samples, &mut rng)
            .outputs(x.clone());
        assert_eq!(out.outputs.dims(), [shape[0], samples, 5]);
        close(&host(out.whole), &host(net.forward(x.clone())));
        for sample in 0..samples {
            let features = plain(net, x.clone(), |batch, channels| {
                let factors = dropout.factors(channels, &mut plain_rng).repeat(batch);
                Tensor::from_data(TensorData::new(factors, [batch, channels]), &device)
            });
            let got = out.outputs.clone().narrow(1, sample, 1);
            close(&host(got), &host(encoder.head.forward(features)));
        }
    }
}

#[test]
fn without_dropout_nothing_changes() {
    let (config, shape) = networks()[0].clone();
    let device = device();
    let mut rng = ChaCha12Rng::seed_from_u64(5);
    let net = config.init(&mut rng, &device);
    let none = ChannelDropout::new(0.0).unwrap();
    let x = images(shape, &device);
    let want = host(net.forward(x.clone()));
    assert_eq!(
        host(net.forward_with_dropout(x.clone(), none, &mut rng)),
        want
    );
    let rest = net.rest_with_dropout(none, &mut rng);
    assert_eq!(host(rest.forward(net.first_block(x))), want);
}

#[test]
fn factors_keep_the_expectation_and_rates_are_checked() {
    let mut rng = ChaCha12Rng::seed_from_u64(5);
    for rate in [0.05, 0.5, 0.9] {
        let factors = ChannelDropout::new(rate)
            .unwrap()
            .factors(200_000, &mut rng);
        let mean = factors.iter().map(|&f| f64::from(f)).sum::<f64>() / 200_000.0;
        assert!((mean - 1.0).abs() < 0.03, "{rate}: {mean}");
        let dropped = factors.iter().filter(|&&f| f == 0.0).count() as f64 / 200_000.0;
        assert!((dropped - rate).abs() < 0.005, "{rate}: {dropped}");
    }
    for rate in [-0.1, 1.0, f64::NAN] {
        let error = ChannelDropout::new(rate).unwrap_err().to_string();
        assert!(error.contains("from 0 to below 1"), "{error}");
    }
}
