//! Convolution blocks on a CPU, by the kernels of `lam-kernels` instead of Burn's own.
//!
//! An extension of Burn's Flex backend and of automatic differentiation over it. Between blocks the numbers lie
//! channels-last; tensors keep their logical shape `[B, C, H, W]` all the same, by their strides.
//!
//! Takes what a `ConvBlock` is: a convolution of stride 1 without padding, any kernel and channels. (The kernels know
//! strides and padding, and are tested with them; no network here has any, so the operation has no such arguments.)

mod images;
mod ops;
mod zeros;

use burn::backend::Dispatch;
use burn::tensor::{DType, Tensor};

use crate::is_host;
use crate::precision::{cast_channels_last, in_full};
use ops::ConvBlockOps;
pub(crate) use ops::Place;

/// ReLU of the convolution (no padding, stride 1), max-pooled 2×2 if asked; `None` on other devices.
///
/// Computes in `f32`. Numbers of a smaller type are cast there and the output back, so that sums are as precise as those
/// of hardware for that type, and what lies between layers is rounded as it is there.
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
    if !is_host(&x.device()) {
        return None;
    }
    let dtype = x.dtype();
    let output = <Dispatch as ConvBlockOps>::conv_block(
        cast_channels_last(x.clone(), DType::F32).into_dispatch(),
        in_full(weight.clone()).into_dispatch(),
        in_full(bias.clone()).into_dispatch(),
        pool,
        place.after_block,
        place.before_block,
    );
    Some(cast_channels_last(Tensor::from_dispatch(output), dtype))
}
