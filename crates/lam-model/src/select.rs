//! Slices of a tensor by their places.

use burn::tensor::{Int, Tensor, TensorData};

/// The slices at these places along a dimension, in this order.
pub(crate) fn select<const R: usize>(tensor: Tensor<R>, dim: usize, places: &[usize]) -> Tensor<R> {
    let indices: Vec<i64> = places.iter().map(|&place| place as i64).collect();
    let indices = TensorData::new(indices, [places.len()]);
    let indices = Tensor::<1, Int>::from_data(indices, &tensor.device());
    tensor.select(dim, indices)
}
