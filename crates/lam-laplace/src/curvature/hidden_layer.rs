//! The Hessian diagonal of a layer that is not the last, in closed form over all pairs of a batch.
//!
//! A weight `(m, i)` of a layer with input `a` moves the outputs by `∂z/∂w_mi = δ_m a_i`, where `δ_m = ∂z/∂(W a + b)_m`
//! is a vector of `D` numbers per sample, back-propagated once per batch and never multiplied out with the inputs.
//! With the terms of `pair_terms`
//! ```text
//! diag[m, i] = Σ_b (δ_bmᵀ C_b δ_bm) a[b,i]²  −  Σ_{a,b} N[a,b] (P_a δ_am)·(P_b δ_bm) a[a,i] a[b,i]
//! ```
//! The last layer, where `δ_m` is a unit vector, is the case of `linear_head`. The bias is the weight of an input that
//! is always 1.

use burn::tensor::Tensor;
use lam_model::head::LayerWeights;

use super::pair_terms::{LARGEST_INTERMEDIATE, PairTerms};

/// Diagonal with respect to weight `[M, I]` and bias `[M]` of a layer.
///
/// # Shapes
/// - `inputs`: `[B, I]`
/// - `slopes`: `δ`, `[B, D, M]`
pub(super) fn layer_diagonal(
    pairs: &PairTerms,
    inputs: Tensor<2>,
    slopes: Tensor<3>,
) -> LayerWeights {
    let units = pairs.units.clone().unsqueeze_dim::<3>(2);
    let along = |direction: Tensor<2>| -> Tensor<3> {
        (slopes.clone() * direction.unsqueeze_dim::<3>(2)).sum_dim(1)
    };
    let radial = along(pairs.units.clone());
    // [B, M]
    let own = pairs.alpha.clone() * slopes.clone().square().sum_dim(1).squeeze_dim::<2>(1)
        + (radial.clone() * along(pairs.pull.clone()) * 2.0).squeeze_dim::<2>(1);
    let own = own.transpose();
    let weight = own.clone().matmul(inputs.clone().square());
    let bias = own.sum_dim(1).squeeze_dim(1);
    match &pairs.crossing {
        None => LayerWeights { weight, bias },
        Some(crossing) => {
            let tangential =
                (slopes - units * radial) * pairs.inverse_norms.clone().unsqueeze_dim::<3>(2);
            let cross = cross_terms(crossing.clone(), inputs, tangential);
            LayerWeights {
                weight: weight - cross.weight,
                bias: bias - cross.bias,
            }
        }
    }
}

/// `Σ_{a,b} N[a,b] (t_am·t_bm) a[a,i] a[b,i]`, as many `m` at once as memory allows; `tangential` is `t`, `[B, D, M]`.
fn cross_terms(crossing: Tensor<2>, inputs: Tensor<2>, tangential: Tensor<3>) -> LayerWeights {
    let [batch, size] = inputs.dims();
    let crossing: Tensor<3> = crossing.unsqueeze();
    let rows: Tensor<3> = inputs.clone().unsqueeze();
    let at_once = (LARGEST_INTERMEDIATE / (batch * batch.max(size)).max(1)).max(1);
    let (mut weight, mut bias) = (Vec::new(), Vec::new());
    for t in tangential.permute([2, 0, 1]).split(at_once, 0) {
        let count = t.dims()[0];
        let between = t.clone().matmul(t.swap_dims(1, 2)) * crossing.clone();
        let product = between
            .clone()
            .reshape([count * batch, batch])
            .matmul(inputs.clone())
            .reshape([count, batch, size]);
        weight.push((product * rows.clone()).sum_dim(1).squeeze_dim(1));
        bias.push(between.sum_dim(2).sum_dim(1).reshape([count]));
    }
    LayerWeights {
        weight: Tensor::cat(weight, 0),
        bias: Tensor::cat(bias, 0),
    }
}
