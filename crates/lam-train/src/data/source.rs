//! Where images come from: a data set known by name, or somebody's own folder or table.

use std::sync::Arc;

use lam_data::{
    DataError, Dataset, DatasetEntry, OwnImages, PlaceDataset, Roles, SearchPath, Split, Views,
    find,
};

use crate::config::DatasetChoice;

/// A data set that can be opened.
pub(crate) enum ImageSource<'a> {
    Known(&'static DatasetEntry, &'a SearchPath),
    Own(OwnImages),
}

impl<'a> ImageSource<'a> {
    /// What a configuration names.
    ///
    /// # Errors
    /// A name that is not in the registry, a path at which nothing is.
    pub(crate) fn of(choice: &DatasetChoice, search: &'a SearchPath) -> Result<Self, DataError> {
        Ok(match choice {
            DatasetChoice::Known(name) => Self::Known(find(&name.to_string())?, search),
            DatasetChoice::Own(path) => Self::Own(OwnImages::at(path)?),
        })
    }

    /// Opens one part, photographs as `views` show them.
    pub(crate) fn open(&self, split: Split, views: &Views) -> Result<Arc<dyn Dataset>, DataError> {
        match self {
            Self::Known(entry, search) => entry.open_as(search, split, Some(views)),
            Self::Own(images) => Ok(Arc::new(images.open(split, views.clone())?)),
        }
    }

    /// Opens one part of a data set of places; none if it is not one.
    pub(crate) fn open_places(
        &self,
        split: Split,
        views: &Views,
    ) -> Result<Option<PlaceDataset>, DataError> {
        match self {
            Self::Known(entry, search) if entry.classes == 0 => {
                entry.open_places(search, split, Some(views)).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What the test images are for; none where each is both query and gallery.
    pub(crate) fn roles(&self) -> Result<Option<Vec<Roles>>, DataError> {
        match self {
            Self::Known(..) => Ok(None),
            Self::Own(images) => images.roles(Split::Test),
        }
    }
}
