//! `|u − v|` by the Gram matrix.

use burn::tensor::Tensor;

/// Squared distances below this are zero: rounding of the Gram form in single precision.
const MIN_SQUARED: f64 = 1e-12;

pub(super) fn pairwise(u: Tensor<2>) -> Tensor<2> {
    let [batch, _] = u.dims();
    let squared_norm = u.clone().square().sum_dim(1);
    let gram = u.clone().matmul(u.transpose());
    let squared = squared_norm.clone() + squared_norm.transpose() - gram.mul_scalar(2.0);
    let device = squared.device();
    let coincide = squared
        .clone()
        .lower_equal_elem(MIN_SQUARED)
        .bool_or(Tensor::<2>::eye(batch, &device).bool());
    // The root has no gradient at zero: such pairs get the constant 0 and pass none on.
    squared
        .mask_fill(coincide.clone(), 1.0)
        .sqrt()
        .mask_fill(coincide, 0.0)
}
