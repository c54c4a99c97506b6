//! The function between two layers of a head.

use std::str::FromStr;

use burn::tensor::{Tensor, activation};

use crate::ModelError;

/// Applied to every number that leaves a hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activation {
    /// `tanh m`.
    #[default]
    Tanh,
    /// `max(m, 0)`.
    Relu,
}

impl Activation {
    /// Element by element.
    pub fn apply<const R: usize>(self, m: Tensor<R>) -> Tensor<R> {
        match self {
            Self::Tanh => m.tanh(),
            Self::Relu => activation::relu(m),
        }
    }

    /// The derivative, from what [`apply`](Self::apply) gave; 0 at the kink of the ReLU, as PyTorch has it.
    pub fn derivative<const R: usize>(self, applied: Tensor<R>) -> Tensor<R> {
        match self {
            Self::Tanh => applied.square().neg() + 1.0,
            Self::Relu => applied.sign(),
        }
    }
}

impl FromStr for Activation {
    type Err = ModelError;

    fn from_str(name: &str) -> Result<Self, ModelError> {
        match name {
            "tanh" => Ok(Self::Tanh),
            "relu" => Ok(Self::Relu),
            _ => Err(ModelError::UnknownName {
                kind: "activation",
                name: name.to_owned(),
                known: vec!["tanh", "relu"],
            }),
        }
    }
}
