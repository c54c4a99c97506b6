//! The methods by name.

use burn::tensor::Device;

use super::Method;
use super::deep_ensemble::DeepEnsemble;
use super::deterministic::Deterministic;
use super::hib::Hib;
use super::laplace::{LaplaceOnline, LaplacePosthoc};
use super::mc_dropout::McDropout;
use super::pfe::Pfe;
use crate::TrainError;
use crate::config::{Config, Method as Name};
use crate::randomness::Randomness;

/// What a method is built from.
#[derive(Debug, Clone, Copy)]
pub struct BuildContext<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Shape of one image, `[C, H, W]`.
    pub image_shape: [usize; 3],
    /// Images in the training set.
    pub training_images: usize,
    /// Where tensors live; without automatic differentiation.
    pub device: &'a Device,
}

type Build = fn(&BuildContext, Randomness) -> Result<Box<dyn Method>, TrainError>;

/// One line per method.
const METHODS: &[(Name, &str, Build)] = &[
    (Name::Deterministic, "deterministic", Deterministic::build),
    (Name::McDropout, "mc_dropout", McDropout::build),
    (Name::Pfe, "pfe", Pfe::build),
    (Name::Hib, "hib", Hib::build),
    (Name::DeepEnsemble, "deep_ensemble", DeepEnsemble::build),
    (Name::LaplaceOnline, "laplace_online", LaplaceOnline::build),
    (
        Name::LaplacePosthoc,
        "laplace_posthoc",
        LaplacePosthoc::build,
    ),
];

/// Names of the methods that can be trained.
pub fn trainable() -> Vec<&'static str> {
    METHODS.iter().map(|(_, name, _)| *name).collect()
}

/// The configured method with its initial weights.
///
/// # Errors
/// [`TrainError::Untrainable`] for a method that is not in the registry; what its own building can run into.
pub fn build(
    context: &BuildContext,
    randomness: Randomness,
) -> Result<Box<dyn Method>, TrainError> {
    let (_, _, build) = METHODS
        .iter()
        .find(|(name, _, _)| *name == context.config.model)
        .ok_or_else(|| TrainError::Untrainable {
            method: context.config.model,
            trainable: trainable(),
        })?;
    build(context, randomness)
}
