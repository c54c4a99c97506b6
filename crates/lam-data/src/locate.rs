use std::path::{Path, PathBuf};

use crate::idx::first_values;
use crate::registry::FileSpec;
use crate::{
    DataError, DatasetEntry, FileSet, FilesNotFound, Origin, Root, SearchPath, Source, Split, Tree,
    TreeSet, registry,
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
pub struct LookedIn {
    /// The data folder.
    pub path: PathBuf,
    /// Who named it.
    pub origin: Origin,
    /// What is wrong with it, for people.
    pub finding: String,
}

impl LookedIn {
    fn without_success(root: Root, findings: &[String]) -> Self {
        let finding = match findings {
            [] if root.path.is_dir() => "none of the files".to_owned(),
            [] => "no such folder".to_owned(),
            findings => findings.join("; "),
        };
        Self {
            path: root.path,
            origin: root.origin,
            finding,
        }
    }
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
            let folder = below(&root.path, layout);
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
        looked_in.push(LookedIn::without_success(root, &findings));
    }
    Err(DataError::FilesNotFound(Box::new(FilesNotFound {
        dataset: entry.name,
        split,
        looked_in,
        layouts: files.layouts.to_vec(),
        expected: wanted.iter().map(|file| file.name.to_owned()).collect(),
        package: files.package.map(|package| package.name),
        can_fetch: !files.mirrors.is_empty(),
        homepage: None,
    })))
}

/// A folder that has one split of a data set, and the form that it has it in.
#[derive(Debug, Clone)]
pub struct LocatedTree {
    /// The form, one of [`TreeSet::trees`].
    pub tree: &'static Tree,
    /// The folder.
    pub folder: PathBuf,
    /// Who named the folder above it.
    pub origin: Origin,
}

/// Finds the folder of one split: the first along `search` that has all marks of one of the forms.
///
/// # Errors
/// [`DataError::FilesNotFound`] with every folder looked in, and where to get the data set.
pub fn locate_tree(
    entry: &DatasetEntry,
    set: &TreeSet,
    split: Split,
    search: &SearchPath,
) -> Result<LocatedTree, DataError> {
    let mut looked_in = Vec::new();
    for root in search.roots_for(None) {
        let mut findings = Vec::new();
        for tree in set.trees {
            let Some(marks) = tree.marks_of(split) else {
                continue;
            };
            for layout in tree.layouts {
                let folder = below(&root.path, layout);
                let missing: Vec<&str> = marks
                    .iter()
                    .copied()
                    .filter(|mark| !has_mark(&folder, mark))
                    .collect();
                if missing.is_empty() {
                    return Ok(LocatedTree {
                        tree,
                        folder,
                        origin: root.origin,
                    });
                }
                if missing.len() < marks.len() {
                    findings.push(format!("{layout}: lacks {}", missing.join(", ")));
                }
            }
        }
        looked_in.push(LookedIn::without_success(root, &findings));
    }
    let mut layouts: Vec<&str> = set.trees.iter().flat_map(|t| t.layouts).copied().collect();
    let mut seen = std::collections::BTreeSet::new();
    layouts.retain(|layout| seen.insert(*layout));
    let expected = set.trees.iter().filter_map(|tree| {
        let marks = tree.marks_of(split)?;
        let marks = marks.join(", ").replace('|', " or ");
        Some(format!("{marks} ({})", tree.format))
    });
    Err(DataError::FilesNotFound(Box::new(FilesNotFound {
        dataset: entry.name,
        split,
        looked_in,
        layouts,
        expected: expected.collect(),
        package: None,
        can_fetch: !set.remote.is_empty(),
        homepage: Some(set.homepage),
    })))
}

/// `folder` itself for "".
fn below(folder: &Path, layout: &str) -> PathBuf {
    match layout {
        "" => folder.to_owned(),
        layout => folder.join(layout),
    }
}

fn has_mark(folder: &Path, mark: &str) -> bool {
    mark.split('|').any(|mark| {
        if mark.contains('*') {
            !matching(folder, mark).is_empty()
        } else {
            folder.join(mark).exists()
        }
    })
}

/// The files of `folder` whose names fit `pattern`, in which one `*` stands for anything; sorted.
pub(crate) fn matching(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let (start, end) = pattern.split_once('*').unwrap_or((pattern, ""));
    let fits = |name: &str| {
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|item| item.file_name().to_str().is_some_and(fits))
        .map(|item| item.path())
        .collect();
    found.sort();
    found
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
