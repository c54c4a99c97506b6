//! A linear head's bias as the weight of a feature that is always 1.

use burn::tensor::Tensor;

/// `x̃ = [x, 1]`, from `[B, F]` to `[B, F + 1]`.
pub(crate) fn augmented(features: Tensor<2>) -> Tensor<2> {
    let [batch, _] = features.dims();
    let ones = Tensor::ones([batch, 1], (&features.device(), features.dtype()));
    Tensor::cat(vec![features, ones], 1)
}
