use std::path::{Path, PathBuf};

use crate::datasets::photographs::labelled;
use crate::{
    DataError, LayoutError, Listing, PhotoDataset, Roles, Split, SplitFraction, Views, list_folder,
    list_table,
};

/// Images of somebody's own: a folder of classes or a table.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnImages {
    /// `ROOT/{train,test}/CLASS/*`, or `ROOT/CLASS/*` and how it is divided.
    Folder(PathBuf, SplitFraction),
    /// A CSV table in the convention of Open Metric Learning.
    Table(PathBuf),
}

impl OwnImages {
    /// What is at a path: a folder, or a file that ends with `.csv`.
    ///
    /// # Errors
    /// [`LayoutError::NoSuchFolder`] if it is neither.
    pub fn at(path: &Path) -> Result<Self, DataError> {
        let is_table = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        if is_table {
            Ok(Self::Table(path.into()))
        } else if path.is_dir() {
            Ok(Self::Folder(path.into(), SplitFraction::default()))
        } else {
            Err(LayoutError::NoSuchFolder {
                folder: path.into(),
                expected: "a folder of classes, or a table whose name ends with .csv",
            }
            .into())
        }
    }

    /// The folder or table.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path, _) | Self::Table(path) => path,
        }
    }

    /// Name under which results are reported: that of the folder or table, without its ending.
    pub fn name(&self) -> String {
        let name = match self {
            Self::Folder(path, _) => path.file_name(),
            Self::Table(path) => path.file_stem(),
        };
        name.map_or_else(
            || "images".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        )
    }

    /// Lists one split.
    ///
    /// # Errors
    /// Those of [`list_folder`] and [`list_table`].
    pub fn list(&self, split: Split) -> Result<Listing, DataError> {
        match self {
            Self::Folder(root, fraction) => list_folder(root, split, *fraction),
            Self::Table(file) => Ok(list_table(file, split)?.listing),
        }
    }

    /// What the images of a split are for, `[N]`; none where every image is both query and gallery.
    ///
    /// # Errors
    /// Those of [`list_table`].
    pub fn roles(&self, split: Split) -> Result<Option<Vec<Roles>>, DataError> {
        match self {
            Self::Folder(..) => Ok(None),
            Self::Table(file) => Ok(list_table(file, split)?.roles),
        }
    }

    /// Opens one split.
    ///
    /// # Errors
    /// Those of [`OwnImages::list`] and [`PhotoDataset::new`].
    pub fn open(&self, split: Split, views: Views) -> Result<PhotoDataset, DataError> {
        labelled(&self.name(), self.list(split)?, views)
    }
}
