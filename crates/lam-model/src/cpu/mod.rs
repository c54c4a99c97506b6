//! Convolution blocks on a CPU, by the kernels of `lam-kernels` instead of Burn's own.
//!
//! An extension of Burn's Flex backend and of automatic differentiation over it. Between blocks the numbers lie
//! channels-last; tensors keep their logical shape `[B, C, H, W]` all the same, by their strides.
//!
//! Takes what a `ConvBlock` is: a convolution of stride 1 without padding, any kernel and channels. (The kernels know
//! strides and padding, and are tested with them; no network here has any, so the operation has no such arguments.)

mod images;
mod ops;

use burn::backend::Dispatch;
use burn::tensor::{DType, Tensor};

use crate::is_host;
use ops::ConvBlockOps;
pub(crate) use ops::Place;

/// ReLU of the convolution (no padding, stride 1), max-pooled 2×2 if asked; `None` where the tensors are not `f32` on
/// this device.
///
/// # Shapes
/// - `x`: `[B, C, H, W]`, `weight`: `[C', C, K, K]`, `bias`: `[C']`
/// - output: `[B, C', H', W']`
pub(crate) fn conv_block(
    x: &Tensor<4>,
    weight: &Tensor<4>,
    bias: &Tensor<1>,
    pool: bool,
    place: Place,
) -> Option<Tensor<4>> {
    if !is_host(&x.device()) || x.dtype() != DType::F32 || weight.dtype() != DType::F32 {
        return None;
    }
    let output = <Dispatch as ConvBlockOps>::conv_block(
        x.clone().into_dispatch(),
        weight.clone().into_dispatch(),
        bias.clone().into_dispatch(),
        pool,
        place.after_block,
        place.before_block,
    );
    Some(Tensor::from_dispatch(output))
}
