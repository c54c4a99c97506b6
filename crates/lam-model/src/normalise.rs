//! Projection to the unit sphere.

use burn::tensor::Tensor;

/// Smallest norm divided by, as in `torch.nn.functional.normalize`.
const MIN_NORM: f64 = 1e-12;

/// `u = z / max(|z|, 1e-12)`, row by row.
///
/// # Shapes
/// - `z`: `[B, D]`
/// - output: `[B, D]`
pub fn normalise(z: Tensor<2>) -> Tensor<2> {
    // The floor goes under the square root: the root's gradient at exactly zero would be infinite.
    let norm = z
        .clone()
        .square()
        .sum_dim(1)
        .clamp_min(MIN_NORM * MIN_NORM)
        .sqrt();
    z / norm
}
