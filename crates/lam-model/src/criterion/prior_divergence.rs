//! HIB: the term that ties the Gaussians to a standard one.

use burn::tensor::Tensor;

/// Keeps logarithm and quotient finite.
const GUARD: f64 = 1e-6;

/// `−½ Σ [log(σ + 1e-6) + (1 + μ²)/(σ² + 1e-6)]` over images and dimensions, as in the released code.
///
/// This is not the divergence that HIB is published with: added to a loss, it rewards small σ without end (up to the
/// guard). Its weight is small for that reason; 0 switches it off.
///
/// # Shapes
/// - `mean`, `deviation`: `[B, D]`
/// - output: `[1]`
pub fn prior_divergence(mean: Tensor<2>, deviation: Tensor<2>) -> Tensor<1> {
    let variance = deviation.clone().square() + GUARD;
    let terms = (deviation + GUARD).log() + (mean.square() + 1.0) / variance;
    terms.sum() * -0.5
}
