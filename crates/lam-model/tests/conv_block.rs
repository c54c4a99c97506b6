//! The CPU kernels against Burn's own operations: values and gradients.
#![allow(clippy::unwrap_used, missing_docs)]

use burn::tensor::{Device, Tensor, TensorData};
use lam_model::backbone::{ConvBlock, ConvBlockConfig, ConvNetConfig};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

fn random(shape: [usize; 4], rng: &mut ChaCha12Rng, device: &Device) -> Tensor<4> {
    let data: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(data, shape), device)
}

/// Output and gradients of input, weight and bias for a random gradient of the output.
fn run(
    block: &ConvBlock,
    x: &Tensor<4>,
    forward: impl Fn(&ConvBlock, Tensor<4>) -> Tensor<4>,
    seed: u64,
) -> [Vec<f32>; 4] {
    let x = x.clone().require_grad();
    let y = forward(block, x.clone());
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let weights = random(y.dims(), &mut rng, &y.device());
    let grads = (y.clone() * weights).sum().backward();
    [
        values(y.inner()),
        values(x.grad(&grads).unwrap()),
        values(block.weight.val().grad(&grads).unwrap()),
        values(block.bias.val().grad(&grads).unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn kernels_agree_with_tensor_operations(
        seed: u64, channels_in in 1_usize..20, channels_out in 1_usize..40,
        height in 4_usize..13, width in 4_usize..13, batch in 1_usize..5, pool: bool,
    ) {
        let device = Device::flex().autodiff();
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let block = ConvBlockConfig { channels_in, channels_out, pool }.init(&mut rng, &device);
        let x = random([batch, channels_in, height, width], &mut rng, &device);
        let fast = run(&block, &x, ConvBlock::forward, seed);
        let plain = run(&block, &x, ConvBlock::forward_by_tensors, seed);
        for (name, (fast, plain)) in ["output", "input", "weight", "bias"].iter().zip(fast.iter().zip(&plain)) {
            prop_assert_eq!(fast.len(), plain.len());
            let scale = plain.iter().fold(1e-6_f32, |m, v| m.max(v.abs()));
            for (a, b) in fast.iter().zip(plain) {
                prop_assert!((a - b).abs() <= 1e-4 * scale, "{name}: {a} {b}");
            }
        }
    }
}

#[test]
fn whole_networks_agree_with_tensor_operations() {
    for (config, shape) in [
        (ConvNetConfig::grey28(), [3, 1, 28, 28]),
        (ConvNetConfig::colour32(), [3, 3, 32, 32]),
    ] {
        let device = Device::flex().autodiff();
        let mut rng = ChaCha12Rng::seed_from_u64(5);
        let net = config.init(&mut rng, &device);
        let x = random(shape, &mut rng, &device);
        let run = |features: Tensor<2>| {
            let grads = features.clone().square().sum().backward();
            let mut all = vec![values(features.inner())];
            for block in net.blocks() {
                all.push(values(block.weight.val().grad(&grads).unwrap()));
                all.push(values(block.bias.val().grad(&grads).unwrap()));
            }
            all
        };
        let fast = run(net.forward(x.clone()));
        let map = net
            .blocks()
            .iter()
            .fold(x, |x, block| block.forward_by_tensors(x));
        let plain = run(map.flatten(1, 3));
        for (fast, plain) in fast.iter().zip(&plain) {
            let scale = plain.iter().fold(1e-6_f32, |m, v| m.max(v.abs()));
            for (a, b) in fast.iter().zip(plain) {
                assert!((a - b).abs() <= 1e-4 * scale, "{a} {b}");
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let device = Device::flex().autodiff();
    let mut rng = ChaCha12Rng::seed_from_u64(5);
    let block = ConvBlockConfig {
        channels_in: 8,
        channels_out: 16,
        pool: true,
    }
    .init(&mut rng, &device);
    let x = random([37, 8, 12, 12], &mut rng, &device);
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| run(&block, &x, ConvBlock::forward, 1))
    };
    assert_eq!(with_threads(1), with_threads(3));
}
