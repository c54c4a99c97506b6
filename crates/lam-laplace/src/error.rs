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
        "the curvature belongs to a head with weight {curvature:?}, but the head's weight is {head:?}"
    )]
    OtherHead {
        /// Shape of the curvature's weight part.
        curvature: [usize; 2],
        /// Shape of the head's weight.
        head: [usize; 2],
    },
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
