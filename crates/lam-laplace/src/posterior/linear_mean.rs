//! The mean of a head of one linear layer, as the structures see it that couple weight and bias.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use lam_model::head::{HeadWeights, LayerWeights, PerLayer};

use super::gaussian::{check_mean, sizes};
use super::noise::Noise;
use super::{LayerSamples, WeightSamples};
use crate::LaplaceError;

/// Weight `[D, F]` and bias `[D]`; together `[D, F+1]`, the bias last.
#[derive(Debug, Clone)]
pub(super) struct LinearMean(HeadWeights);

impl LinearMean {
    /// Refuses other heads than a linear one that has the sizes `dims` (`[D, F]`) of the curvature.
    pub(super) fn new(
        mean: HeadWeights,
        dims: [usize; 2],
        structure: &'static str,
    ) -> Result<Self, LaplaceError> {
        check_mean(&mean)?;
        if !mean.is_linear() {
            return Err(LaplaceError::DeepHead {
                structure,
                layers: mean.layers.depth(),
            });
        }
        if mean.layers.last.dims() != dims {
            return Err(LaplaceError::OtherHead {
                curvature: format!("{dims:?}"),
                head: sizes(&mean.layers),
            });
        }
        Ok(Self(mean))
    }

    pub(super) fn head(&self) -> &HeadWeights {
        &self.0
    }

    /// Outputs and inputs with the bias, `[D, F+1]`.
    pub(super) fn dims(&self) -> [usize; 2] {
        let [outputs, features] = self.0.layers.last.dims();
        [outputs, features + 1]
    }

    /// Standard normal noise `[S, D, F+1]` like `like`.
    pub(super) fn noise(
        &self,
        samples: NonZeroUsize,
        noise: &mut dyn Noise,
        like: &Tensor<3>,
    ) -> Tensor<3> {
        let [outputs, inputs] = self.dims();
        noise.normal(
            [samples.get(), outputs, inputs],
            &like.device(),
            like.dtype(),
        )
    }

    /// The mean plus a deviation `[S, D, F+1]`.
    pub(super) fn plus(&self, deviation: Tensor<3>) -> WeightSamples {
        let LayerWeights { weight, bias } = self.0.layers.last.clone();
        let (of_weight, of_bias) = split(deviation);
        WeightSamples {
            layers: PerLayer::single(LayerSamples {
                weight: weight.unsqueeze() + of_weight,
                bias: bias.unsqueeze() + of_bias,
            }),
            activation: self.0.activation,
        }
    }

    /// One number per weight from `[D, F+1]`.
    pub(super) fn layers(&self, numbers: Tensor<2>) -> PerLayer<LayerWeights> {
        let (weight, bias) = split(numbers.unsqueeze());
        PerLayer::single(LayerWeights {
            weight: weight.squeeze_dim(0),
            bias: bias.squeeze_dim(0),
        })
    }
}

/// `[S, D, F+1]` into `[S, D, F]` and `[S, D]`.
fn split(numbers: Tensor<3>) -> (Tensor<3>, Tensor<2>) {
    let last = numbers.dims()[2] - 1;
    (
        numbers.clone().narrow(2, 0, last),
        numbers.narrow(2, last, 1).squeeze_dim(2),
    )
}

/// `√(Σ m²)` along a dimension, without leaving the range of the numbers on the way.
pub(super) fn length<const R: usize>(m: Tensor<R>, dim: usize) -> Tensor<R> {
    let largest = largest(&m);
    (m / largest.clone()).square().sum_dim(dim).sqrt() * largest
}

/// The largest magnitude, a tensor of as many dimensions and one element.
pub(super) fn largest<const R: usize>(m: &Tensor<R>) -> Tensor<R> {
    m.clone()
        .abs()
        .max()
        .clamp_min(f32::MIN_POSITIVE)
        .reshape([1; R])
}
