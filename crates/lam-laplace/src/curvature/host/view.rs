//! A tensor's numbers where they lie.

use burn::tensor::{DType, Tensor};
use burn_flex::{Flex, FlexTensor};

/// A row-major `f32` matrix in the host's memory, shared with the tensor it came from.
pub(super) struct HostMatrix {
    tensor: FlexTensor,
    dims: [usize; 2],
}

impl HostMatrix {
    /// Borrows the numbers of a Flex tensor (copied only if it is a transposed or otherwise strided view);
    /// `None` for every other device or type.
    pub(super) fn borrow(tensor: &Tensor<2>) -> Option<Self> {
        if tensor.dtype() != DType::F32 {
            return None;
        }
        let dims = tensor.dims();
        let primitive = tensor
            .clone()
            .without_autodiff()
            .try_into_primitive::<Flex>()
            .ok()?;
        let tensor = primitive.to_contiguous();
        tensor.as_slice::<f32>()?;
        Some(Self { tensor, dims })
    }

    /// Row-major numbers.
    pub(super) fn values(&self) -> &[f32] {
        self.tensor.as_slice().unwrap_or_default()
    }

    /// `[rows, columns]`.
    pub(super) fn dims(&self) -> [usize; 2] {
        self.dims
    }
}
