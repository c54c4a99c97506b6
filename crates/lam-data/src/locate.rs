use std::path::{Path, PathBuf};

use crate::idx::first_values;
use crate::registry::FileSpec;
use crate::{
    DataError, DatasetEntry, FileSet, FilesNotFound, Origin, SearchPath, Source, Split, registry,
};

/// Files of one split of a data set, all in one folder.
#[derive(Debug, Clone)]
pub struct Located {
    /// The folder.
    pub folder: PathBuf,
    /// Who named the folder above it.
    pub origin: Origin,
    /// Path of each file, in the order of [`FileSet::files`].
    pub files: Vec<PathBuf>,
}

/// A folder that was looked in without success, and what was found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The data folder.
    pub path: PathBuf,
    /// Who named it.
    pub origin: Origin,
    /// What is wrong with it, for people.
    pub finding: String,
}

/// Finds the files of one split: the first folder along `search` that has all of them.
///
/// A folder whose labels are those of another data set with the same file names is passed over:
/// MNIST and FashionMNIST name their files alike.
///
/// # Errors
/// [`DataError::FilesNotFound`] with every folder looked in, and how to get the files.
pub fn locate(
    entry: &DatasetEntry,
    files: &FileSet,
    split: Split,
    search: &SearchPath,
) -> Result<Located, DataError> {
    let wanted: Vec<&FileSpec> = files.files.iter().filter(|f| f.split == split).collect();
    let mut looked_in = Vec::new();
    for root in search.roots_for(files.package.map(|package| package.folder)) {
        let layouts = match root.origin {
            Origin::Package => &[""][..],
            _ => files.layouts,
        };
        let mut findings = Vec::new();
        for layout in layouts {
            let folder = match *layout {
                "" => root.path.clone(),
                below => root.path.join(below),
            };
            match examine(entry, files, &wanted, &folder) {
                Ok(paths) => {
                    return Ok(Located {
                        folder,
                        origin: root.origin,
                        files: paths,
                    });
                }
                Err(Some(finding)) if layout.is_empty() => findings.push(finding),
                Err(Some(finding)) => findings.push(format!("{layout}: {finding}")),
                Err(None) => {}
            }
        }
        if findings.is_empty() {
            findings.push(if root.path.is_dir() {
                "none of the files".to_owned()
            } else {
                "no such folder".to_owned()
            });
        }
        looked_in.push(Place {
            path: root.path,
            origin: root.origin,
            finding: findings.join("; "),
        });
    }
    Err(DataError::FilesNotFound(Box::new(FilesNotFound {
        dataset: entry.name,
        split,
        looked_in,
        layouts: files.layouts,
        expected: wanted.iter().map(|file| file.name).collect(),
        package: files.package.map(|package| package.name),
        can_fetch: !files.mirrors.is_empty(),
    })))
}

/// The paths of all wanted files in `folder`; or what is wrong, or nothing if it has no file of the
/// data set at all.
fn examine(
    entry: &DatasetEntry,
    files: &FileSet,
    wanted: &[&FileSpec],
    folder: &Path,
) -> Result<Vec<PathBuf>, Option<String>> {
    let names: Vec<_> = wanted.iter().map(|file| file.name_in(folder)).collect();
    let missing: Vec<_> = wanted
        .iter()
        .zip(&names)
        .filter(|(_, name)| name.is_none())
        .map(|(file, _)| file.name)
        .collect();
    if missing.len() == wanted.len() {
        let of_other_split = files
            .files
            .iter()
            .find(|file| file.name_in(folder).is_some());
        return Err(of_other_split.map(|file| format!("only files of the {} split", file.split)));
    }
    if !missing.is_empty() {
        return Err(Some(format!("lacks {}", missing.join(", "))));
    }
    let paths: Vec<_> = names
        .into_iter()
        .flatten()
        .map(|n| folder.join(n))
        .collect();
    match namesake(entry, wanted, &paths) {
        Some(other) => Err(Some(format!("these are the files of {other}"))),
        None => Ok(paths),
    }
}

/// The other data set, with the same file names, that these files belong to.
fn namesake(entry: &DatasetEntry, wanted: &[&FileSpec], paths: &[PathBuf]) -> Option<&'static str> {
    for (file, path) in wanted.iter().zip(paths) {
        let Some(own) = file.first_labels else {
            continue;
        };
        let found = first_values(&Source::File(path.clone()), 1, own.len())?;
        for other in registry().iter().filter(|other| other.name != entry.name) {
            let crate::Storage::Files(files) = &other.storage else {
                continue;
            };
            let same = files.files.iter().any(|theirs| {
                theirs.name == file.name && theirs.first_labels.is_some_and(|l| l[..] == found)
            });
            if same {
                return Some(other.name);
            }
        }
    }
    None
}
