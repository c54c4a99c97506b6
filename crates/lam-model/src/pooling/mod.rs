//! From feature maps `[B, C, H, W]` to features `[B, C]`.

mod gem;
mod gemmp;
mod global;
mod mac;
mod power_mean;
mod regional;
mod regions;
mod registry;
mod rmac;
mod spoc;

pub use gem::Gem;
pub use gemmp::Gemmp;
pub use global::GlobalPooling;
pub use mac::Mac;
pub use regional::Regional;
pub use regions::{Region, regions};
pub use registry::{Pooling, PoolingConfig, by_name};
pub use rmac::Rmac;
pub use spoc::Spoc;

use burn::tensor::Tensor;

/// Added to norms, as in the published code.
const EPSILON: f64 = 1e-6;

/// `x / (|x| + 1e-6)` along dimension `dim`.
fn l2_normalised<const D: usize>(x: Tensor<D>, dim: usize) -> Tensor<D> {
    // The floor keeps the gradient of the root finite where everything is 0.
    let squares = x.clone().square().sum_dim(dim).clamp_min(1e-30);
    x / (squares.sqrt() + EPSILON)
}

/// `[B, C, H, W]` as `[B, C, H·W]`.
fn places(map: Tensor<4>) -> Tensor<3> {
    map.flatten(2, 3)
}
