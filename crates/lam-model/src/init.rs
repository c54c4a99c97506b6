//! Initial weights as PyTorch draws them, from our own seeded generator.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};

/// A parameter uniform in `±1/√fan_in`: what PyTorch draws for the weight and the bias of a convolution or linear layer.
pub(crate) fn uniform_fan_in<const D: usize>(
    shape: [usize; D],
    fan_in: usize,
    rng: &mut ChaCha12Rng,
    device: &Device,
) -> Param<Tensor<D>> {
    uniform(shape, 1.0 / (fan_in as f32).sqrt(), rng, device)
}

/// A parameter uniform in `±bound`.
pub(crate) fn uniform<const D: usize>(
    shape: [usize; D],
    bound: f32,
    rng: &mut ChaCha12Rng,
    device: &Device,
) -> Param<Tensor<D>> {
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(-bound..bound))
        .collect();
    Param::from_data(TensorData::new(values, shape), device)
}

/// A normal parameter of mean 0.
pub(crate) fn normal<const D: usize>(
    shape: [usize; D],
    deviation: f32,
    rng: &mut ChaCha12Rng,
    device: &Device,
) -> Param<Tensor<D>> {
    let standard: rand_distr::Iter<_, _, f32> = StandardNormal.sample_iter(rng);
    let values: Vec<f32> = standard
        .take(shape.iter().product())
        .map(|x| x * deviation)
        .collect();
    Param::from_data(TensorData::new(values, shape), device)
}
