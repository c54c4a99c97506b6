use std::path::PathBuf;

use crate::{DatasetEntry, Origin, SearchPath, Split, Storage, locate, locate_tree, registry};

/// What is known about a data set and where it was found.
#[derive(Debug)]
pub struct DatasetReport {
    /// Its entry in the registry.
    pub entry: &'static DatasetEntry,
    /// Each of its parts.
    pub splits: Vec<SplitReport>,
}

/// Where one part of a data set was found.
#[derive(Debug)]
pub struct SplitReport {
    /// The part.
    pub split: Split,
    /// Number of images of the official part.
    pub images: usize,
    /// Where it is; `None` if it was not found.
    pub location: Option<Location>,
}

/// Where a part of a data set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// Compiled into the program.
    Embedded,
    /// In a folder.
    Folder(PathBuf, Origin),
}

impl DatasetReport {
    /// How to get the parts that were not found, for people; `None` if all were found.
    pub fn how_to_get(&self) -> Option<String> {
        if self.splits.iter().all(|split| split.location.is_some()) {
            return None;
        }
        let files = match &self.entry.storage {
            Storage::Embedded => return None,
            Storage::Files(files) => files,
            Storage::Trees(set) if set.remote.is_empty() => return Some(set.homepage.to_owned()),
            Storage::Trees(_) => return Some(format!("lam data fetch {}", self.entry.name)),
        };
        let mut ways = Vec::new();
        if !files.mirrors.is_empty() {
            ways.push(format!("lam data fetch {}", self.entry.name));
        }
        if let Some(package) = files.package {
            ways.push(format!("apt install {}", package.name));
        }
        Some(ways.join(", or "))
    }
}

/// Where each data set of the registry is found along `search`. Opens no image file.
pub fn report(search: &SearchPath) -> Vec<DatasetReport> {
    let of_split = |entry: &DatasetEntry, split| match &entry.storage {
        Storage::Embedded => Some(Location::Embedded),
        Storage::Files(files) => locate(entry, files, split, search)
            .ok()
            .map(|located| Location::Folder(located.folder, located.origin)),
        Storage::Trees(set) => locate_tree(entry, set, split, search)
            .ok()
            .map(|located| Location::Folder(located.folder, located.origin)),
    };
    registry()
        .iter()
        .map(|entry| DatasetReport {
            entry,
            splits: entry
                .splits
                .iter()
                .map(|&(split, images)| SplitReport {
                    split,
                    images,
                    location: of_split(entry, split),
                })
                .collect(),
        })
        .collect()
}
