//! Directions of vectors.

use burn::tensor::Tensor;

/// Below this length a vector has no direction (the guard of PyTorch's `normalize`).
pub(crate) const SMALLEST_NORM: f64 = 1e-12;

/// `|z|` along the last dimension, which keeps size 1.
pub(crate) fn norm<const R: usize>(z: Tensor<R>) -> Tensor<R> {
    z.square().sum_dim(R - 1).sqrt()
}

/// `u = z / max(|z|, 1e-12)` along the last dimension.
pub(crate) fn unit<const R: usize>(z: Tensor<R>) -> Tensor<R> {
    let norm = norm(z.clone()).clamp_min(SMALLEST_NORM);
    z / norm
}

/// `1 / |z|` along the last dimension, and 0 where `|z|` is below [`SMALLEST_NORM`]: such a vector has no direction,
/// so nothing can be said about how its direction changes with the weights.
pub(crate) fn inverse_norm<const R: usize>(z: Tensor<R>) -> Tensor<R> {
    let norm = norm(z);
    let too_small = norm.clone().lower_elem(SMALLEST_NORM);
    norm.clamp_min(SMALLEST_NORM)
        .recip()
        .mask_fill(too_small, 0.0)
}
