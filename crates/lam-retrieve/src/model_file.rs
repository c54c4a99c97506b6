//! Which run made an index, beside the index.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::RetrieveError;
use crate::beside::{read_json, write_json};

const FILE: &str = "model.json";

/// The run that an index was made with, so that it need not be named again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexModel {
    /// The run folder, absolute.
    pub run: PathBuf,
}

impl IndexModel {
    /// Writes it beside the index.
    ///
    /// # Errors
    /// [`RetrieveError::File`] where the disk fails.
    pub fn save(&self, index: &Path) -> Result<(), RetrieveError> {
        write_json(index, FILE, self)
    }

    /// The model of an index; none if nobody said.
    ///
    /// # Errors
    /// [`RetrieveError::File`] for a file that is damaged.
    pub fn load(index: &Path) -> Result<Option<Self>, RetrieveError> {
        read_json(index, FILE, "name the run with --run")
    }
}
