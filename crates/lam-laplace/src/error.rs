//! What can go wrong.

use thiserror::Error;

/// An option or a stored tensor that cannot be used.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LaplaceError {
    /// A number outside its range.
    #[error("{name} is {value}, expected {expected}")]
    OutOfRange {
        /// The option's name.
        name: &'static str,
        /// The value given.
        value: f64,
        /// The range, in words.
        expected: &'static str,
    },
    /// Weight and bias that do not belong to one linear head.
    #[error("weight has shape {weight:?} and bias {bias:?}: expected [D, F] and [D]")]
    Shape {
        /// Shape of the weight.
        weight: [usize; 2],
        /// Shape of the bias.
        bias: [usize; 1],
    },
    /// Curvature of another head than the one it is used with.
    #[error(
        "the curvature belongs to a head with layers {curvature}, but the head's layers are {head}"
    )]
    OtherHead {
        /// Sizes of the curvature's layers, outputs × inputs.
        curvature: String,
        /// Sizes of the head's layers.
        head: String,
    },
    /// A structure that exists for one linear layer only, with a head of several.
    #[error(
        "posterior '{structure}' needs a head of one linear layer, this one has {layers}: use posterior: diag"
    )]
    DeepHead {
        /// The structure's name.
        structure: &'static str,
        /// Layers of the head.
        layers: usize,
    },
    /// A matrix that would take more memory than is reasonable.
    #[error(
        "posterior '{structure}' of a head with P = {parameters} weights would keep {bytes} bytes of curvature, more than the limit of {limit}: use {instead}, or a smaller head"
    )]
    TooLarge {
        /// The structure's name.
        structure: &'static str,
        /// Weights and biases of the head.
        parameters: usize,
        /// What the curvature alone would take; its decomposition takes more.
        bytes: u128,
        /// The most it may take.
        limit: u128,
        /// What to use in its place.
        instead: &'static str,
    },
    /// A matrix that could not be decomposed often enough.
    #[error(
        "posterior '{structure}' of this head would decompose matrices of {side} × {side} during training, more than the limit of {limit} × {limit}: use model: laplace_posthoc, which decomposes them once, or posterior: {instead}, or a smaller head"
    )]
    TooSlow {
        /// The structure's name.
        structure: &'static str,
        /// Rows of a matrix.
        side: usize,
        /// The most there may be.
        limit: usize,
        /// What to use in its place.
        instead: &'static str,
    },
    /// A matrix with entries that are no finite numbers.
    #[error(
        "the curvature ({what}) has entries that are infinite or not a number: the training diverged, or the stored file is damaged"
    )]
    NotFinite {
        /// Which matrix.
        what: &'static str,
    },
    /// A matrix whose eigenvalues could not be found.
    #[error("the eigenvalues of the curvature ({what}) do not converge")]
    NoSpectrum {
        /// Which matrix.
        what: &'static str,
    },
    /// Moments of a predictive distribution that has none in closed form.
    #[error(
        "the outputs of this posterior are not independent Gaussians, so their distribution has no closed form: use predictive: sampled"
    )]
    NoClosedForm,
    /// Tensors that are not the stored form of a curvature.
    #[error("the stored curvature does not fit: {}", .0.join("; "))]
    State(
        /// One sentence per missing, unexpected or misshapen tensor.
        Vec<String>,
    ),
}

/// `value` if it satisfies `valid` (and so is a number), else an [`LaplaceError::OutOfRange`].
pub(crate) fn check_range(
    name: &'static str,
    value: f64,
    valid: bool,
    expected: &'static str,
) -> Result<f64, LaplaceError> {
    if valid {
        Ok(value)
    } else {
        Err(LaplaceError::OutOfRange {
            name,
            value,
            expected,
        })
    }
}
