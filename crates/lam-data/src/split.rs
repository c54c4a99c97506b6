use std::fmt;

use crate::DataError;

/// Which part of a data set, as its authors divided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// Images to train on.
    Train,
    /// Images to choose a model on, apart from the ones to train on; few data sets have them.
    Validation,
    /// Images to evaluate on.
    Test,
}

impl Split {
    /// What belongs to this part of a data set that is divided in two.
    ///
    /// # Errors
    /// [`DataError::NoSuchSplit`] for a third one.
    pub fn of_two<T>(self, dataset: &'static str, train: T, test: T) -> Result<T, DataError> {
        match self {
            Self::Train => Ok(train),
            Self::Test => Ok(test),
            Self::Validation => Err(DataError::NoSuchSplit {
                dataset,
                split: self,
            }),
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}
