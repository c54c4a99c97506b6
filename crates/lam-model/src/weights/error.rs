//! What can go wrong with a file of weights.

use std::path::{Path, PathBuf};

/// An error with a file of weights.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file cannot be read.
    #[error("{}: cannot read the weights: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Not a file of weights, or damaged.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what was expected.
        reason: String,
    },
    /// The weights belong to another network.
    #[error("{}: the weights do not fit {what}: {}", path.display(), .problems.join("; "))]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The network.
        what: String,
        /// One sentence per missing, unexpected or misshapen tensor.
        problems: Vec<String>,
    },
}

impl WeightsError {
    pub(super) fn format(path: &Path, reason: impl Into<String>) -> Self {
        Self::Format {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }

    pub(super) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
