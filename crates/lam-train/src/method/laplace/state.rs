//! The curvature in a checkpoint.

use burn::tensor::Tensor;
use lam_laplace::curvature::DiagonalCurvature;
use lam_model::{ModelError, StateDict};

use super::super::parts::take_prefixed;
use crate::TrainError;

/// Stores the curvature under `curvature.`.
pub(super) fn write_curvature(curvature: &DiagonalCurvature, tensors: &mut StateDict) {
    tensors.insert("curvature.weight".into(), curvature.weight().into_data());
    tensors.insert("curvature.bias".into(), curvature.bias().into_data());
}

/// A stored curvature of the same shape as `like`.
///
/// # Errors
/// Tensors that are missing or belong to another head.
pub(super) fn read_curvature(
    tensors: &mut StateDict,
    like: &DiagonalCurvature,
) -> Result<DiagonalCurvature, TrainError> {
    let state = take_prefixed("curvature", tensors);
    let [latent, features] = like.dims();
    let device = like.weight().device();
    let tensor = |name: &str, shape: &[usize]| match state.get(name) {
        Some(data) if data.shape().as_slice() == shape => Ok(data.clone()),
        Some(data) => Err(ModelError::StateMismatch(vec![format!(
            "curvature.{name} has shape {:?}, expected {shape:?}",
            data.shape()
        )])),
        None => Err(ModelError::StateMismatch(vec![format!(
            "missing tensor curvature.{name}"
        )])),
    };
    let weight = tensor("weight", &[latent, features])?;
    let bias = tensor("bias", &[latent])?;
    let curvature = DiagonalCurvature::new(
        Tensor::from_data(weight, &device),
        Tensor::from_data(bias, &device),
    );
    Ok(curvature?)
}
