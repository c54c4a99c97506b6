//! Files of a folder that are pictures by their names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{DataError, LayoutError};

/// Extensions of pictures that can be decoded, in lower case.
const EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// Most missing images that an error names.
const NAMED: usize = 3;

/// Whether the name of a file is that of a picture.
pub(super) fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| EXTENSIONS.iter().any(|e| found.eq_ignore_ascii_case(e)))
}

/// What a folder holds, sorted by name; hidden files and folders do not count, links are followed.
#[derive(Default)]
pub(super) struct Content {
    pub(super) folders: Vec<PathBuf>,
    pub(super) pictures: Vec<PathBuf>,
    /// Number of other files.
    pub(super) ignored: usize,
}

/// Content of one folder, without that of the folders in it.
pub(super) fn content_of(folder: &Path) -> Result<Content, DataError> {
    let reading = |source| DataError::io(folder, "reading", source);
    let mut content = Content::default();
    for item in fs::read_dir(folder).map_err(reading)? {
        let path = item.map_err(reading)?.path();
        if is_hidden(&path) {
            continue;
        }
        // Follows links; one that leads nowhere counts as a file that is no picture.
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => content.folders.push(path),
            Ok(found) if found.is_file() && is_picture(&path) => content.pictures.push(path),
            _ => content.ignored += 1,
        }
    }
    content.folders.sort();
    content.pictures.sort();
    Ok(content)
}

/// The pictures of a folder and of all folders in it, sorted, and how many other files there are.
pub(crate) fn pictures_below(folder: &Path) -> Result<(Vec<PathBuf>, usize), DataError> {
    let (mut pictures, mut ignored) = (Vec::new(), 0);
    let mut visited = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        // A link may lead back up.
        let real = fs::canonicalize(&next).map_err(|e| DataError::io(&next, "reading", e))?;
        if !visited.insert(real) {
            continue;
        }
        let content = content_of(&next)?;
        pictures.extend(content.pictures);
        ignored += content.ignored;
        open.extend(content.folders);
    }
    pictures.sort();
    Ok((pictures, ignored))
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with('.'))
}

/// Refuses a list of which images do not exist.
pub(super) fn require_all<'a>(
    list: &Path,
    images: impl IntoIterator<Item = (u64, &'a Path)>,
) -> Result<(), DataError> {
    let (mut listed, mut missing, mut first) = (0, 0, Vec::new());
    for (line, path) in images {
        listed += 1;
        if !path.is_file() {
            missing += 1;
            if first.len() < NAMED {
                first.push((line, path.to_owned()));
            }
        }
    }
    if missing == 0 {
        return Ok(());
    }
    Err(LayoutError::ImagesMissing {
        list: list.into(),
        listed,
        missing,
        first,
    }
    .into())
}

/// A path that a list names relative to a folder. Windows' separators are understood; one that leads out of the folder
/// is the reason for an error.
pub(super) fn below(folder: &Path, named: &str) -> Result<PathBuf, String> {
    let named = named.replace('\\', "/");
    let relative = Path::new(&named);
    let stays = relative.components().all(|part| {
        matches!(
            part,
            std::path::Component::Normal(_) | std::path::Component::CurDir
        )
    });
    if stays {
        Ok(folder.join(relative))
    } else {
        Err(format!(
            "'{named}' leads out of {}, expected a path below it",
            folder.display()
        ))
    }
}
