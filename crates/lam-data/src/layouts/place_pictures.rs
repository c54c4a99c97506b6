use std::path::{Path, PathBuf};

use crate::places::Place;
use crate::{DataError, LayoutError};

/// Pictures of one split of a data set of places.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlacePictures {
    /// Pictures that are looked up.
    pub queries: Vec<PlacePicture>,
    /// Pictures among which they are looked up.
    pub database: Vec<PlacePicture>,
    /// Parts of the data set that are not there, for people.
    pub missing: Vec<String>,
    /// Number of pictures passed over, panoramas.
    pub panoramas: usize,
}

impl PlacePictures {
    /// What deserves a look, for people: parts that are not there, pictures left out.
    pub fn notes(&self) -> Vec<String> {
        let missing = (!self.missing.is_empty())
            .then(|| format!("not there, and left out: {}", self.missing.join(", ")));
        let panoramas =
            (self.panoramas > 0).then(|| format!("{} panoramas are left out", self.panoramas));
        missing.into_iter().chain(panoramas).collect()
    }

    /// Refuses a data set in which nothing can be looked up; `folder` is named.
    pub(super) fn or_nothing(self, folder: &Path) -> Result<Self, DataError> {
        let expected = match (self.queries.is_empty(), self.database.is_empty()) {
            (true, _) => "queries",
            (_, true) => "a database to look the queries up in",
            _ => return Ok(self),
        };
        Err(LayoutError::NoImages {
            place: folder.into(),
            expected: expected.to_owned(),
            ignored: 0,
        }
        .into())
    }
}

/// A picture, and where it was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacePicture {
    /// The file.
    pub path: PathBuf,
    /// Where it was taken.
    pub place: Place,
}
