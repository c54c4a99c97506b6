//! Which run made an index and where its pictures are, beside the index.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::RetrieveError;
use crate::beside::{read_json, write_json};

const FILE: &str = "model.json";

/// What an index was made with, so that it need not be named again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IndexModel {
    /// The run folder, absolute; none for vectors that are directions as they are.
    pub run: Option<PathBuf>,
    /// Folders that pictures were read from, absolute: files below them may be shown.
    #[serde(default)]
    pub pictures: Vec<PathBuf>,
}

/// More folders than anybody names; pictures of the others are not shown.
const MOST_FOLDERS: usize = 1000;

impl IndexModel {
    /// Remembers folders of pictures; whether any was new.
    pub fn add_pictures(&mut self, folders: Vec<PathBuf>) -> bool {
        let before = self.pictures.len();
        for folder in folders {
            let known = self.pictures.iter().any(|known| folder.starts_with(known));
            if !known && self.pictures.len() < MOST_FOLDERS {
                self.pictures.push(folder);
            }
        }
        self.pictures.len() > before
    }

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
