//! What can be wrong with a call.

use crate::Level;

/// An argument that does not fit the others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KernelError {
    /// A slice has another length than its shape asks for.
    #[error("{what} has {got} elements, its shape asks for {expected}")]
    Length {
        /// Which argument.
        what: &'static str,
        /// Elements its shape asks for.
        expected: usize,
        /// Elements it has.
        got: usize,
    },
    /// A size that must be positive is zero.
    #[error("{what} is zero, it must be at least 1")]
    Zero {
        /// Which size.
        what: &'static str,
    },
    /// The window does not fit the image: the output would be empty.
    #[error(
        "a window of {window:?} does not fit an image of {size:?} (height, width) padded by {padding:?}"
    )]
    TooSmall {
        /// Height and width of the window.
        window: [usize; 2],
        /// Height and width of the image.
        size: [usize; 2],
        /// Rows above and below, columns left and right.
        padding: [usize; 2],
    },
    /// More elements than can be addressed.
    #[error("{what} would have more elements than can be addressed; use a smaller batch or image")]
    TooLarge {
        /// Which array.
        what: &'static str,
    },
    /// The processor lacks the instructions.
    #[error("this processor cannot run {level:?}; `Level::available` lists what it can run")]
    Level {
        /// The level asked for.
        level: Level,
    },
}

/// Is the slice as long as its shape?
pub(crate) fn check_len(
    what: &'static str,
    got: usize,
    expected: usize,
) -> Result<(), KernelError> {
    if got == expected {
        Ok(())
    } else {
        Err(KernelError::Length {
            what,
            expected,
            got,
        })
    }
}

/// The product of the sizes of an array, if it can be addressed.
pub(crate) fn product(what: &'static str, sizes: &[usize]) -> Result<usize, KernelError> {
    sizes
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))
        .filter(|&product| product <= isize::MAX as usize / size_of::<f32>())
        .ok_or(KernelError::TooLarge { what })
}
