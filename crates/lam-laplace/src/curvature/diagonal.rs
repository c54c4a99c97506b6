//! The diagonal of the Hessian, one number per weight of the head.

use burn::tensor::{Device, Tensor};
use lam_model::head::{LayerWeights, PerLayer};

use crate::LaplaceError;

/// Diagonal of the Hessian with respect to all weights and biases of a head.
///
/// It is a sum over pairs, so shards that share no pair [`merge`](Self::merge) exactly.
#[derive(Debug, Clone)]
pub struct DiagonalCurvature {
    layers: PerLayer<LayerWeights>,
}

impl DiagonalCurvature {
    /// Of a linear head, weight `[D, F]` and bias `[D]`. They are constants: no gradient flows through curvature.
    ///
    /// # Errors
    /// [`LaplaceError::Shape`] if the two sizes `D` differ.
    pub fn new(weight: Tensor<2>, bias: Tensor<1>) -> Result<Self, LaplaceError> {
        Self::of_layers(PerLayer::single(LayerWeights { weight, bias }))
    }

    /// Of every layer of a head.
    ///
    /// # Errors
    /// [`LaplaceError::Shape`] if weight and bias of a layer differ in their number of outputs.
    pub fn of_layers(layers: PerLayer<LayerWeights>) -> Result<Self, LaplaceError> {
        if let Some(layer) = layers.iter().find(|layer| !layer.is_consistent()) {
            return Err(LaplaceError::Shape {
                weight: layer.dims(),
                bias: layer.bias.dims(),
            });
        }
        Ok(Self::from_layers(layers))
    }

    /// As [`new`](Self::new), for parts made together.
    pub(crate) fn from_parts(weight: Tensor<2>, bias: Tensor<1>) -> Self {
        Self::from_layers(PerLayer::single(LayerWeights { weight, bias }))
    }

    pub(crate) fn from_layers(layers: PerLayer<LayerWeights>) -> Self {
        Self {
            layers: layers.map(LayerWeights::without_autodiff),
        }
    }

    /// The same curvature `value` for every weight of a linear head `[outputs, features]`.
    pub fn constant(outputs: usize, features: usize, value: f64, device: &Device) -> Self {
        Self::constant_layers(PerLayer::single([outputs, features]), value, device)
    }

    /// The same curvature `value` for every weight of a head with layers of these sizes `[M, I]`.
    pub fn constant_layers(sizes: PerLayer<[usize; 2]>, value: f64, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        Self {
            layers: sizes.map(|[outputs, inputs]| LayerWeights {
                weight: Tensor::full([outputs, inputs], value, &device),
                bias: Tensor::full([outputs], value, &device),
            }),
        }
    }

    /// No curvature: the neutral element of [`merge`](Self::merge).
    pub fn zeros(outputs: usize, features: usize, device: &Device) -> Self {
        Self::constant(outputs, features, 0.0, device)
    }

    /// Second derivatives with respect to the weights of every layer.
    pub fn layers(&self) -> &PerLayer<LayerWeights> {
        &self.layers
    }

    /// Second derivatives with respect to the last layer's weight, `[D, F]`.
    pub fn weight(&self) -> Tensor<2> {
        self.layers.last.weight.clone()
    }

    /// Second derivatives with respect to the last layer's bias, `[D]`.
    pub fn bias(&self) -> Tensor<1> {
        self.layers.last.bias.clone()
    }

    /// Sizes `[D, F]` of the last layer.
    pub fn dims(&self) -> [usize; 2] {
        self.layers.last.dims()
    }

    /// The curvature of both sums of pairs together: exact, in any order.
    ///
    /// # Panics
    /// If the two belong to heads of different sizes.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            layers: self.layers.zip_map(other.layers, |a, b| LayerWeights {
                weight: a.weight + b.weight,
                bias: a.bias + b.bias,
            }),
        }
    }

    /// Multiplied by a number.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        self.each(|layer| LayerWeights {
            weight: layer.weight * factor,
            bias: layer.bias * factor,
        })
    }

    /// Multiplied by a number that the device knows, shape `[1]`, without fetching it.
    #[must_use]
    pub fn scale_by(self, factor: Tensor<1>) -> Self {
        let factor = factor.without_autodiff();
        self.each(|layer| LayerWeights {
            weight: layer.weight * factor.clone().unsqueeze(),
            bias: layer.bias * factor.clone(),
        })
    }

    /// Negative entries set to 0: a Gaussian needs a positive precision.
    #[must_use]
    pub fn clamp(self) -> Self {
        self.each(|layer| LayerWeights {
            weight: layer.weight.clamp_min(0.0),
            bias: layer.bias.clamp_min(0.0),
        })
    }

    fn each(self, f: impl FnMut(LayerWeights) -> LayerWeights) -> Self {
        Self {
            layers: self.layers.map(f),
        }
    }
}
