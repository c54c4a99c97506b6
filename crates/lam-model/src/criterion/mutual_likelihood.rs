//! PFE: how likely it is that two Gaussians hold the same embedding.

use burn::tensor::Tensor;

use crate::miner::PairCounts;

/// Mean over mined positive pairs (each once per triplet) and dimensions of
/// `(μ_a − μ_p)²/(σ_a² + σ_p²) + log(σ_a² + σ_p²)`, the negative mutual likelihood score of Shi and Jain (ICCV 2019,
/// equation 3); 0 where nothing was mined.
///
/// # Shapes
/// - `mean`, `variance`: `[B, D]`
/// - output: `[1]`, differentiable in both
pub fn mutual_likelihood(mean: Tensor<2>, variance: Tensor<2>, pairs: &PairCounts) -> Tensor<1> {
    let size = mean.dims()[1] as f64;
    let anchor = |x: &Tensor<2>| x.clone().unsqueeze_dim::<3>(1);
    let other = |x: &Tensor<2>| x.clone().unsqueeze_dim::<3>(0);
    let total = anchor(&variance) + other(&variance);
    let squared = (anchor(&mean) - other(&mean)).square();
    let scores = (squared / total.clone() + total.log())
        .sum_dim(2)
        .squeeze_dim::<2>(2);
    let count = pairs.triplets().clamp_min(1.0) * size;
    (scores * pairs.positives.clone()).sum() / count
}
