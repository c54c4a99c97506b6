//! The Hessian diagonal of a linear head in closed form, over all pairs of a batch at once.
//!
//! Output `k` sees `∂z_k/∂W_kj = x_j`, so with the `k`-th diagonal entries of the pair Hessians (in `z`)
//! ```text
//! diag[k, j] = Σ_b C[k,b] x[b,j]²  +  Σ_{a,b} N[a,b] E_k[a,b] x[a,j] x[b,j]
//! ```
//! where `N = S + Sᵀ` are the signed counts of pairs in both directions, `C[k,b]` sums the self terms `H₁₁`, `H₂₂` of
//! all pairs that touch sample `b`, and, for both losses alike,
//! `E_k[a,b] = −[1 − u_ak² − u_bk² + c_ab u_ak u_bk] / (r_a r_b)`.
//! The self terms need no matrix of pairs either:
//! ```text
//! contrastive  C[k,b] = n_b (1 − u_bk²) / r_b²                 n_b = Σ_a N[a,b]; for `fix` Σ_a S[a,b]
//! arccos       C[k,b] = [s_b (1 − 3 u_bk²) + 2 u_bk V_bk] / r_b²   V = N u, s_b = u_b·V_b = Σ_a N[a,b] c_ab
//! ```
//! The bias is the weight of a feature that is always 1.

use burn::tensor::Tensor;
use lam_model::miner::PairCounts;

use super::pair_terms::{LARGEST_INTERMEDIATE, PairTerms};
use super::{Approximation, DiagonalCurvature, PairHessian, host};

/// Diagonal of the generalised Gauss–Newton Hessian of a linear head, summed over all counted pairs, not clamped.
///
/// # Shapes
/// - `features`: `[B, F]`, input of the head
/// - `embeddings`: `[B, D]`, its output before the normalisation
/// - `counts`: `[B, B]` each
///
/// No gradient is recorded. An embedding shorter than 1e-12 has no direction and contributes nothing.
///
/// On a CPU (`f32` on Burn's Flex device) this runs kernels of its own, which know that the quadratic forms are
/// symmetric and which pairs do not exist; elsewhere it is [`linear_head_diagonal_by_tensors`]. Nothing is copied from
/// the device to the host.
///
/// # Panics
/// If the shapes do not fit together.
pub fn linear_head_diagonal(
    features: Tensor<2>,
    embeddings: Tensor<2>,
    counts: &PairCounts,
    hessian: PairHessian,
    approximation: Approximation,
) -> DiagonalCurvature {
    let features = features.without_autodiff();
    let embeddings = embeddings.without_autodiff();
    check_shapes(&features, &embeddings, counts);
    host::linear_head_diagonal(&features, &embeddings, counts, hessian, approximation)
        .unwrap_or_else(|| {
            linear_head_diagonal_by_tensors(features, embeddings, counts, hessian, approximation)
        })
}

/// [`linear_head_diagonal`] by tensor operations only, on any device and with any float type.
///
/// # Panics
/// If the shapes do not fit together.
pub fn linear_head_diagonal_by_tensors(
    features: Tensor<2>,
    embeddings: Tensor<2>,
    counts: &PairCounts,
    hessian: PairHessian,
    approximation: Approximation,
) -> DiagonalCurvature {
    check_shapes(&features, &embeddings, counts);
    let features = features.without_autodiff();
    let pairs = PairTerms::new(embeddings, counts, hessian, approximation);

    let self_terms = pairs.self_diagonal().transpose();
    let own = DiagonalCurvature::from_parts(
        self_terms.clone().matmul(features.clone().square()),
        self_terms.sum_dim(1).squeeze_dim(1),
    );
    match pairs.scaled_counts() {
        None => own,
        Some(scaled) => own.merge(cross_terms(&pairs, scaled, features)),
    }
}

pub(super) fn check_shapes(features: &Tensor<2>, embeddings: &Tensor<2>, counts: &PairCounts) {
    let [batch, _] = features.dims();
    assert_eq!(
        embeddings.dims()[0],
        batch,
        "rows of features and embeddings"
    );
    assert_eq!(counts.positives.dims(), [batch, batch], "positive counts");
    assert_eq!(counts.negatives.dims(), [batch, batch], "negative counts");
}

/// `Σ_{a,b} N[a,b] E_k[a,b] x[a,j] x[b,j]` with `scaled` counts `N[a,b]/(r_a r_b)`, as many outputs `k` at once as memory allows.
fn cross_terms(pairs: &PairTerms, scaled: Tensor<2>, features: Tensor<2>) -> DiagonalCurvature {
    let [batch, size] = features.dims();
    let outputs = pairs.units.dims()[1];
    let with_cosine = scaled.clone() * pairs.cosines();
    let scaled: Tensor<3> = scaled.unsqueeze();
    let with_cosine: Tensor<3> = with_cosine.unsqueeze();
    let rows: Tensor<3> = features.clone().unsqueeze();

    let at_once = (LARGEST_INTERMEDIATE / (batch * batch.max(size)).max(1)).max(1);
    let mut weight = Vec::new();
    let mut bias = Vec::new();
    for units in pairs.units.clone().transpose().split(at_once, 0) {
        let count = units.dims()[0];
        let a = units.unsqueeze_dim::<3>(2);
        let b = a.clone().swap_dims(1, 2);
        let cross = scaled.clone() * (a.clone().square() + b.clone().square() - 1.0)
            - with_cosine.clone() * a * b;
        let product = cross
            .clone()
            .reshape([count * batch, batch])
            .matmul(features.clone())
            .reshape([count, batch, size]);
        weight.push((product * rows.clone()).sum_dim(1).squeeze_dim(1));
        bias.push(cross.sum_dim(2).sum_dim(1).reshape([count]));
    }
    debug_assert_eq!(weight.len(), outputs.div_ceil(at_once));
    DiagonalCurvature::from_parts(Tensor::cat(weight, 0), Tensor::cat(bias, 0))
}
