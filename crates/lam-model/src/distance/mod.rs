//! How far two embeddings of the unit sphere are from each other.

mod cosine;
mod euclidean;

use std::str::FromStr;

use burn::tensor::Tensor;

use crate::ModelError;

/// A distance between the rows of two batches of unit vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// `|u − v|`.
    Euclidean,
    /// `1 − u·v`.
    Cosine,
}

impl Distance {
    /// Distances of every pair, differentiable; exactly zero on the diagonal.
    ///
    /// # Shapes
    /// - `u`: `[B, D]`, unit rows
    /// - output: `[B, B]`
    pub fn pairwise(self, u: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Euclidean => euclidean::pairwise(u),
            Self::Cosine => cosine::pairwise(u),
        }
    }
}

impl FromStr for Distance {
    type Err = ModelError;

    fn from_str(name: &str) -> Result<Self, ModelError> {
        match name {
            "euclidean" => Ok(Self::Euclidean),
            "cosine" => Ok(Self::Cosine),
            _ => Err(ModelError::UnknownName {
                kind: "distance",
                name: name.to_owned(),
                known: vec!["euclidean", "cosine"],
            }),
        }
    }
}
