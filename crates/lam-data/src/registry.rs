use std::path::Path;
use std::sync::Arc;

use crate::datasets::{fashionmnist, mnist, sample, sample_mnist};
use crate::{DataError, Dataset, ImageShape, SearchPath, Split};

/// What is known about a data set before it is opened.
#[derive(Debug)]
pub struct DatasetEntry {
    /// Name in configurations and on the command line.
    pub name: &'static str,
    /// One sentence for people.
    pub about: &'static str,
    /// Name of each class.
    pub class_names: &'static [&'static str],
    /// Shape of the images.
    pub shape: ImageShape,
    /// The parts it has, and how many images the official one holds.
    pub splits: &'static [(Split, usize)],
    /// Name of the data set whose test images count as out of distribution for it.
    pub ood_partner: Option<&'static str>,
    /// Where its bytes come from.
    pub storage: Storage,
    /// Opens one part.
    pub(crate) open: Open,
}

/// Opens one split of an entry, with the files found along a search path.
pub(crate) type Open = fn(&DatasetEntry, &SearchPath, Split) -> Result<Arc<dyn Dataset>, DataError>;

impl DatasetEntry {
    /// Opens one part, with the files found along `search`.
    ///
    /// # Errors
    /// [`DataError::NoSuchSplit`], [`DataError::FilesNotFound`], and whatever is wrong with the files.
    pub fn open(&self, search: &SearchPath, split: Split) -> Result<Arc<dyn Dataset>, DataError> {
        if !self.splits.iter().any(|&(known, _)| known == split) {
            return Err(DataError::NoSuchSplit {
                dataset: self.name,
                split,
            });
        }
        (self.open)(self, search, split)
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }
}

/// Where the bytes of a data set come from.
#[derive(Debug)]
pub enum Storage {
    /// Compiled into the program.
    Embedded,
    /// Files on disk.
    Files(FileSet),
}

/// Files of a data set: what they are called, where they lie, where they come from.
#[derive(Debug)]
pub struct FileSet {
    /// The files. All of one split lie in one folder.
    pub files: &'static [FileSpec],
    /// Folders below a data folder in which they may lie, the most specific first; "" is the data
    /// folder itself.
    pub layouts: &'static [&'static str],
    /// Debian package that installs them.
    pub package: Option<DebianPackage>,
    /// Addresses of folders that have all files under [`FileSpec::name`], tried in order; each ends
    /// with `/`.
    pub mirrors: &'static [&'static str],
}

/// One file of a data set.
#[derive(Debug)]
pub struct FileSpec {
    /// Name of the official file.
    pub name: &'static str,
    /// Other names it is known by, unpacked ones included; what it is, its content says.
    pub other_names: &'static [&'static str],
    /// The split it belongs to.
    pub split: Split,
    /// Size of the official file in bytes.
    pub bytes: u64,
    /// SHA-256 of the official file, lower-case hexadecimal.
    pub sha256: &'static str,
    /// The first labels, in a label file whose name other data sets use as well: tells them apart.
    pub first_labels: Option<[u8; 16]>,
}

impl FileSpec {
    /// The file in `folder`, under whichever of its names.
    pub(crate) fn name_in(&self, folder: &Path) -> Option<&'static str> {
        std::iter::once(self.name)
            .chain(self.other_names.iter().copied())
            .find(|name| folder.join(name).is_file())
    }
}

/// A Debian package that installs the files of a data set.
#[derive(Debug, Clone, Copy)]
pub struct DebianPackage {
    /// Name for `apt install`.
    pub name: &'static str,
    /// Folder in which it puts the files.
    pub folder: &'static str,
}

/// All data sets known by name, in the order in which they are listed.
pub fn registry() -> &'static [&'static DatasetEntry] {
    REGISTRY
}

static REGISTRY: &[&DatasetEntry] = &[
    &sample::ENTRY,
    &sample_mnist::ENTRY,
    &fashionmnist::ENTRY,
    &mnist::ENTRY,
];

/// The data set of that name; case, `-` and `_` do not matter.
///
/// # Errors
/// [`DataError::UnknownDataset`] with the nearest name.
pub fn find(name: &str) -> Result<&'static DatasetEntry, DataError> {
    let wanted = plain(name);
    if let Some(entry) = registry().iter().find(|entry| plain(entry.name) == wanted) {
        return Ok(entry);
    }
    let nearest = registry()
        .iter()
        .map(|entry| {
            let distance = strsim::damerau_levenshtein(&plain(entry.name), &wanted);
            (distance, entry.name)
        })
        .min()
        .filter(|&(distance, nearest)| distance <= 2.max(nearest.len() / 3))
        .map(|(_, nearest)| nearest);
    Err(DataError::UnknownDataset {
        name: name.to_owned(),
        nearest,
        known: registry().iter().map(|entry| entry.name).collect(),
    })
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}
