use std::path::Path;
use std::sync::Arc;

use crate::datasets::{cifar10, fashionmnist, mnist, sample, sample_mnist};
use crate::{DataError, Dataset, ImageShape, SearchPath, Split};

/// What is known about a data set before it is opened.
#[derive(Debug)]
pub struct DatasetEntry {
    /// Name in configurations and on the command line.
    pub name: &'static str,
    /// One sentence for people.
    pub about: &'static str,
    /// Number of classes of the official parts.
    pub classes: usize,
    /// Shape of the images; none for photographs, which come in all sizes.
    pub shape: Option<ImageShape>,
    /// The parts it has, and how many images the official one holds.
    pub splits: &'static [(Split, usize)],
    /// Name of the data set whose test images count as out of distribution for it.
    pub ood_partner: Option<&'static str>,
    /// Where its bytes come from.
    pub storage: Storage,
    /// Opens one part.
    pub(crate) open: Open,
}

/// What is asked for when a data set is opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening<'a> {
    /// Where its files are looked for.
    pub search: &'a SearchPath,
    /// The part.
    pub split: Split,
}

/// Opens one split of an entry.
pub(crate) type Open = fn(&DatasetEntry, &Opening) -> Result<Arc<dyn Dataset>, DataError>;

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
        (self.open)(self, &Opening { search, split })
    }
}

/// Where the bytes of a data set come from.
#[derive(Debug)]
pub enum Storage {
    /// Compiled into the program.
    Embedded,
    /// Files of known content on disk.
    Files(FileSet),
    /// A folder whose content varies: formats that it comes in, folders of photographs.
    Trees(TreeSet),
}

/// The forms in which the folder of a data set is found.
#[derive(Debug)]
pub struct TreeSet {
    /// The forms, the best first.
    pub trees: &'static [Tree],
    /// Where people get it.
    pub homepage: &'static str,
}

/// One form of the folder of a data set.
#[derive(Debug)]
pub struct Tree {
    /// What it is called.
    pub format: &'static str,
    /// Folders below a data folder in which it may lie, the most specific first; "" is the data folder itself.
    pub layouts: &'static [&'static str],
    /// Paths in it that must be there, by split. `*` in a file's name stands for anything.
    pub marks: &'static [(Split, &'static [&'static str])],
}

impl Tree {
    /// The paths that must be there for a split; none where this form does not have it.
    pub(crate) fn marks_of(&self, split: Split) -> Option<&'static [&'static str]> {
        let marks = self.marks.iter().find(|(known, _)| *known == split)?;
        Some(marks.1)
    }
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
    &cifar10::ENTRY,
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
