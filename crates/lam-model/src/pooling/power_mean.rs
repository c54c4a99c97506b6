//! The generalised mean.

use burn::tensor::Tensor;

use super::places;

/// Exponents begin here.
pub(super) const INITIAL_EXPONENT: f32 = 3.0;

/// Smaller activations count as this.
const FLOOR: f64 = 1e-6;

/// `(mean of max(x, 1e-6)^p)^(1/p)` over the places of each channel (Radenović et al., TPAMI 2019, eq. 3).
///
/// # Shapes
/// - `map`: `[B, C, H, W]`; `exponents`: `[1]` or `[C]`
/// - output: `[B, C]`
pub(super) fn power_mean(map: Tensor<4>, exponents: Tensor<1>) -> Tensor<2> {
    let count = exponents.dims()[0];
    let exponents = exponents.reshape([1, count, 1]);
    let x = places(map).clamp_min(FLOOR);
    // Relative to the largest, powers neither overflow nor all vanish, whatever the exponent. The mean is homogeneous: a
    // constant factor leaves its gradients as they are.
    let largest = x.clone().detach().max_dim(2);
    let powers = ((x / largest.clone()).log() * exponents.clone()).exp();
    let mean = (powers.mean_dim(2).log() / exponents).exp();
    (mean * largest).squeeze_dim(2)
}
