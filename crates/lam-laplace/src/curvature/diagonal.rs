//! The diagonal of the Hessian, one number per weight of the head.

use burn::tensor::{Device, Tensor};

use crate::LaplaceError;

/// Diagonal of the Hessian with respect to a linear head's weight and bias.
///
/// It is a sum over pairs, so shards that share no pair [`merge`](Self::merge) exactly.
#[derive(Debug, Clone)]
pub struct DiagonalCurvature {
    weight: Tensor<2>,
    bias: Tensor<1>,
}

impl DiagonalCurvature {
    /// From the parts, weight `[D, F]` and bias `[D]`. They are constants: no gradient flows through curvature.
    ///
    /// # Errors
    /// [`LaplaceError::Shape`] if the two sizes `D` differ.
    pub fn new(weight: Tensor<2>, bias: Tensor<1>) -> Result<Self, LaplaceError> {
        if weight.dims()[0] != bias.dims()[0] {
            return Err(LaplaceError::Shape {
                weight: weight.dims(),
                bias: bias.dims(),
            });
        }
        Ok(Self::from_parts(weight, bias))
    }

    /// As [`new`](Self::new), for parts made together.
    pub(crate) fn from_parts(weight: Tensor<2>, bias: Tensor<1>) -> Self {
        Self {
            weight: weight.without_autodiff(),
            bias: bias.without_autodiff(),
        }
    }

    /// The same curvature `value` for every weight of a head `[outputs, features]`.
    pub fn constant(outputs: usize, features: usize, value: f64, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        Self {
            weight: Tensor::full([outputs, features], value, &device),
            bias: Tensor::full([outputs], value, &device),
        }
    }

    /// No curvature: the neutral element of [`merge`](Self::merge).
    pub fn zeros(outputs: usize, features: usize, device: &Device) -> Self {
        Self::constant(outputs, features, 0.0, device)
    }

    /// Second derivatives with respect to the weight, `[D, F]`.
    pub fn weight(&self) -> Tensor<2> {
        self.weight.clone()
    }

    /// Second derivatives with respect to the bias, `[D]`.
    pub fn bias(&self) -> Tensor<1> {
        self.bias.clone()
    }

    /// Sizes `[D, F]` of the head.
    pub fn dims(&self) -> [usize; 2] {
        self.weight.dims()
    }

    /// The curvature of both sums of pairs together: exact, in any order.
    ///
    /// # Panics
    /// If the two belong to heads of different sizes.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            weight: self.weight + other.weight,
            bias: self.bias + other.bias,
        }
    }

    /// Multiplied by a number.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self {
            weight: self.weight * factor,
            bias: self.bias * factor,
        }
    }

    /// Multiplied by a number that the device knows, shape `[1]`, without fetching it.
    #[must_use]
    pub fn scale_by(self, factor: Tensor<1>) -> Self {
        let factor = factor.without_autodiff();
        Self {
            weight: self.weight * factor.clone().unsqueeze(),
            bias: self.bias * factor,
        }
    }

    /// Negative entries set to 0: a Gaussian needs a positive precision.
    #[must_use]
    pub fn clamp(self) -> Self {
        Self {
            weight: self.weight.clamp_min(0.0),
            bias: self.bias.clamp_min(0.0),
        }
    }
}
