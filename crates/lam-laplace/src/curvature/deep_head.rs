//! The Hessian diagonal over the weights of all layers of a head.

use burn::tensor::Tensor;
use lam_model::head::{HeadWeights, PerLayer};
use lam_model::miner::PairCounts;

use super::hidden_layer::layer_diagonal;
use super::pair_terms::PairTerms;
use super::{Approximation, DiagonalCurvature, PairHessian, linear_head_diagonal};

/// Diagonal of the generalised Gauss–Newton Hessian of a head of any depth, summed over all counted pairs, not clamped.
/// Of a head of one layer it is [`linear_head_diagonal`].
///
/// # Shapes
/// - `features`: `[B, F]`, input of the head
/// - `embeddings`: `[B, D]`, its output before the normalisation, under the weights `head`
/// - `counts`: `[B, B]` each
///
/// No gradient is recorded. The largest intermediates are `[B, D, M]` for a layer of `M` outputs, and products of
/// limited size.
///
/// # Panics
/// If the shapes do not fit together.
pub fn head_diagonal(
    head: &HeadWeights,
    features: Tensor<2>,
    embeddings: Tensor<2>,
    counts: &PairCounts,
    hessian: PairHessian,
    approximation: Approximation,
) -> DiagonalCurvature {
    let constant = head.clone().without_autodiff();
    let inputs = constant.inputs(features.without_autodiff());
    let last = linear_head_diagonal(
        inputs.last.clone(),
        embeddings.clone(),
        counts,
        hessian,
        approximation,
    );
    if head.is_linear() {
        return last;
    }
    let pairs = PairTerms::new(embeddings, counts, hessian, approximation);
    // ∂z/∂(layer's output), from the last layer backwards.
    let mut upstream: Option<Tensor<3>> = None;
    let mut hidden = Vec::with_capacity(inputs.hidden.len());
    let mut output = inputs.last;
    let mut above = &constant.layers.last;
    for (layer, input) in constant.layers.hidden.iter().zip(inputs.hidden).rev() {
        let weight = above.weight.clone();
        let slope = constant.activation.derivative(output).unsqueeze_dim::<3>(1);
        let slopes = match upstream {
            None => weight.unsqueeze::<3>() * slope,
            Some(slopes) => {
                let [batch, outputs, size] = slopes.dims();
                slopes
                    .reshape([batch * outputs, size])
                    .matmul(weight)
                    .reshape([batch as isize, outputs as isize, -1])
                    * slope
            }
        };
        hidden.push(layer_diagonal(&pairs, input.clone(), slopes.clone()));
        upstream = Some(slopes);
        output = input;
        above = layer;
    }
    hidden.reverse();
    let last = last.layers().last.clone();
    DiagonalCurvature::from_layers(PerLayer { hidden, last })
}
