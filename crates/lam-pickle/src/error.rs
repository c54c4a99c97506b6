//! Why a pickle is not read.

use std::error::Error;
use std::fmt;

/// Why a pickle is not read; positions are bytes from its start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PickleError {
    /// It ends before its last instruction does.
    CutOff {
        /// Bytes that there are.
        length: usize,
    },
    /// An instruction that makes no sense where it stands.
    Damaged {
        /// Start of the instruction.
        at: usize,
        /// What is wrong.
        reason: String,
    },
    /// It names something that is there to run code or to reach files.
    Dangerous {
        /// Start of the instruction.
        at: usize,
        /// Module and name.
        name: String,
    },
    /// It has more values than the caller expects of any honest file.
    TooManyNodes {
        /// The most there may be.
        limit: usize,
    },
}

impl fmt::Display for PickleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff { length } => write!(f, "the pickle is cut off after {length} bytes"),
            Self::Damaged { at, reason } => {
                write!(f, "the pickle is damaged at byte {at}: {reason}")
            }
            Self::Dangerous { at, name } => write!(
                f,
                "the pickle asks at byte {at} to run {name}: it was not run, nothing of it was executed; do not trust this file"
            ),
            Self::TooManyNodes { limit } => {
                write!(f, "the pickle has more than {limit} values")
            }
        }
    }
}

impl Error for PickleError {}
