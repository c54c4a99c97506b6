//! Tensors as the kernels see them.

use burn::tensor::{DType, Shape, TensorData};
use burn_flex::{FlexTensor, Layout};
use lam_kernels::{Images, nchw_to_nhwc};

use super::zeros::zeros;

/// Logical sizes of a tensor `[B, C, H, W]`.
pub(super) fn dims(tensor: &FlexTensor) -> [usize; 4] {
    match *tensor.layout().shape().as_slice() {
        [batch, channels, height, width] => [batch, channels, height, width],
        ref other => panic!("a batch of images has four dimensions, not {other:?}"),
    }
}

/// The kernels' view of the same sizes.
pub(super) fn sizes([count, _, height, width]: [usize; 4]) -> Images {
    Images {
        count,
        height,
        width,
    }
}

/// Strides of `[B, C, H, W]` whose numbers lie channels-last.
fn channels_last_strides([_, channels, height, width]: [usize; 4]) -> [isize; 4] {
    [height * width * channels, 1, width * channels, channels].map(|stride| stride as isize)
}

/// A tensor `[B, C, H, W]` over numbers that lie channels-last, without moving any.
pub(super) fn from_channels_last(values: Vec<f32>, dims: [usize; 4]) -> FlexTensor {
    let flat = from_values(values, &dims);
    let strides = channels_last_strides(dims).to_vec();
    flat.with_layout(Layout::new(Shape::from(dims), strides, 0))
}

/// A tensor over row-major numbers.
pub(super) fn from_values(values: Vec<f32>, dims: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, dims.to_vec()))
}

/// Whether the numbers of `tensor` lie channels-last without gaps.
pub(super) fn is_channels_last(tensor: &FlexTensor) -> bool {
    let dims = dims(tensor);
    let layout = tensor.layout();
    layout.start_offset() == 0
        && layout.strides() == channels_last_strides(dims)
        && tensor.bytes().len() == 4 * layout.num_elements()
}

/// A tensor's numbers channels-last: where they lie, if they do so already.
pub(super) enum ChannelsLast {
    InPlace(FlexTensor),
    Moved(Vec<f32>),
}

impl ChannelsLast {
    pub(super) fn of(tensor: FlexTensor) -> Self {
        debug_assert_eq!(tensor.dtype(), DType::F32);
        if is_channels_last(&tensor) {
            return Self::InPlace(tensor);
        }
        let [_, channels, height, width] = dims(&tensor);
        let contiguous = tensor.to_contiguous();
        if channels == 1 || height * width == 1 {
            // Both orders are the same.
            return Self::InPlace(contiguous);
        }
        let from = row_major(&contiguous);
        let mut to = zeros(from.len());
        expect(nchw_to_nhwc(
            sizes(dims(&contiguous)),
            channels,
            from,
            &mut to,
        ));
        Self::Moved(to)
    }

    pub(super) fn values(&self) -> &[f32] {
        match self {
            Self::InPlace(tensor) => tensor.storage(),
            Self::Moved(values) => values,
        }
    }
}

/// The numbers of a contiguous tensor.
pub(super) fn row_major(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or_default()
}

/// Sizes were derived from the tensors themselves: kernels cannot find them wrong unless the model is.
pub(super) fn expect<T>(result: Result<T, lam_kernels::KernelError>) -> T {
    result.unwrap_or_else(|error| panic!("convolution block: {error}"))
}
