//! Pictures of items.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use lam_search::store::{ItemId, ItemView};

use crate::ServeError;

/// Where pictures of items come from. A request names an item of the index, never a file.
pub trait PictureSource: Send + Sync {
    /// The picture as a JPEG, PNG or WebP file; none if the item has none.
    ///
    /// # Errors
    /// Why there should be one and is not, in a sentence.
    fn picture(&self, item: &ItemView<'_>) -> Result<Option<Vec<u8>>, String>;
}

/// Pictures below a folder, each found by the text id of its item, a relative path. Nothing outside of the folder is read,
/// whatever the ids say and wherever links point.
#[derive(Debug, Clone)]
pub struct FolderPictures {
    root: PathBuf,
}

/// A larger file is no picture for a page.
const MOST_BYTES: u64 = 64 << 20;

impl FolderPictures {
    /// Below this folder.
    ///
    /// # Errors
    /// [`ServeError::Pictures`] if it cannot be opened.
    pub fn new(folder: &Path) -> Result<Self, ServeError> {
        let root = fs::canonicalize(folder).map_err(|error| ServeError::Pictures {
            path: folder.into(),
            error,
        })?;
        Ok(Self { root })
    }

    /// The file of a relative path that stays inside.
    fn inside(&self, relative: &Path) -> Option<PathBuf> {
        let mut parts = relative.components();
        if !parts.all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        let path = fs::canonicalize(self.root.join(relative)).ok()?;
        (path.starts_with(&self.root) && path.is_file()).then_some(path)
    }
}

impl PictureSource for FolderPictures {
    fn picture(&self, item: &ItemView<'_>) -> Result<Option<Vec<u8>>, String> {
        let ItemId::Text(id) = &item.id else {
            return Ok(None);
        };
        let Some(path) = self.inside(Path::new(id)) else {
            return Ok(None);
        };
        read_picture(&path).map(Some)
    }
}

/// The bytes of a picture, for a [`PictureSource`].
///
/// # Errors
/// A file that cannot be read or has more than 64 MiB, in a sentence.
pub fn read_picture(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("the picture cannot be read: {error}"))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("the picture has more than {MOST_BYTES} bytes"));
    }
    Ok(bytes)
}
