//! The type of the numbers between the layers of a backbone.

use burn::tensor::{DType, Device, FloatDType, Tensor};

use crate::ModelError;

/// In what type the layers of a backbone hand their numbers on.
///
/// Layers follow the type of their input, and cast their parameters to it; the gradient of such a parameter is cast back
/// on its way to it. Parameters, statistics of norms, poolings of trunks and features are `f32` in every precision, and
/// so is all that is stored: a model has no precision, its computation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// `f32` throughout.
    #[default]
    Full,
    /// bf16 between layers: the range of `f32` with eight bits of precision.
    Bf16,
}

impl Precision {
    /// The reduced precision of a device, which is bf16.
    ///
    /// f16 is not taken instead: the smallest gradients would become 0 unless the loss is scaled, by a factor that has to
    /// be found and kept while training.
    ///
    /// # Errors
    /// [`ModelError::NoMixedPrecision`] where `device` does not compute with bf16.
    pub fn mixed(device: &Device) -> Result<Self, ModelError> {
        if device.supports_dtype(FloatDType::BF16) {
            Ok(Self::Bf16)
        } else {
            Err(ModelError::NoMixedPrecision)
        }
    }

    /// What enters the first layer.
    pub(crate) fn enter<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Full => x,
            Self::Bf16 => x.cast(FloatDType::BF16),
        }
    }
}

/// What leaves the last layer, and what a computation that needs the range or the precision begins with.
pub(crate) fn in_full<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.cast(FloatDType::F32)
}

/// `f(x)` computed in `f32`, rounded to the type of `x`.
pub(crate) fn through_full<const D: usize>(
    x: Tensor<D>,
    f: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    let dtype = x.dtype();
    f(in_full(x)).cast(dtype)
}

/// Casts images `[B, C, H, W]` and leaves their numbers channels-last where they are so.
pub(crate) fn cast_channels_last(map: Tensor<4>, dtype: DType) -> Tensor<4> {
    if map.dtype() == dtype {
        return map;
    }
    // A cast writes its numbers in the order of its logical shape.
    map.permute([0, 2, 3, 1]).cast(dtype).permute([0, 3, 1, 2])
}
