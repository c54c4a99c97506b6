//! `1 − u·v`.

use burn::tensor::Tensor;

pub(super) fn pairwise(u: Tensor<2>) -> Tensor<2> {
    let [batch, _] = u.dims();
    let gram = u.clone().matmul(u.transpose());
    let diagonal = Tensor::<2>::eye(batch, &gram.device()).bool();
    (-gram).add_scalar(1.0).mask_fill(diagonal, 0.0)
}
