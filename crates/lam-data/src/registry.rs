use std::path::Path;
use std::sync::Arc;

use crate::datasets::{
    cars196, cifar10, cub200, dag, fashionmnist, lfw, mnist, msls, photographs, sample,
    sample_mnist, svhn,
};
use crate::{
    DataError, Dataset, ImageShape, Listing, Normalise, PhotoDataset, PlaceDataset, PlacePictures,
    Presentation, RemoteFile, SearchPath, Split, Views,
};

/// What is known about a data set before it is opened.
#[derive(Debug)]
pub struct DatasetEntry {
    /// Name in configurations and on the command line.
    pub name: &'static str,
    /// One sentence for people.
    pub about: &'static str,
    /// Number of classes of the official parts; 0 where there are places instead.
    pub classes: usize,
    /// Shape of the images; none for photographs, which come in all sizes.
    pub shape: Option<ImageShape>,
    /// The parts it has, and how many images the official one holds; 0 where no number is published.
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
    /// How photographs are shown; none for how the published experiments show them.
    pub views: Option<&'a Views>,
}

/// Opens one split of an entry.
pub(crate) type Open = fn(&DatasetEntry, &Opening) -> Result<Arc<dyn Dataset>, DataError>;

impl DatasetEntry {
    /// Opens one part, with the files found along `search`.
    ///
    /// # Errors
    /// [`DataError::NoSuchSplit`], [`DataError::FilesNotFound`], and whatever is wrong with the files.
    pub fn open(&self, search: &SearchPath, split: Split) -> Result<Arc<dyn Dataset>, DataError> {
        self.open_as(search, split, None)
    }

    /// [`DatasetEntry::open`] with photographs shown in this way; others than photographs are as they are.
    ///
    /// # Errors
    /// As [`DatasetEntry::open`].
    pub fn open_as(
        &self,
        search: &SearchPath,
        split: Split,
        views: Option<&Views>,
    ) -> Result<Arc<dyn Dataset>, DataError> {
        self.require(split)?;
        let opening = Opening {
            search,
            split,
            views,
        };
        (self.open)(self, &opening)
    }

    /// Opens one part of a data set of places.
    ///
    /// # Errors
    /// As [`DatasetEntry::open`]; [`DataError::NoPlaces`] for a data set of something else.
    pub fn open_places(
        &self,
        search: &SearchPath,
        split: Split,
        views: Option<&Views>,
    ) -> Result<PlaceDataset, DataError> {
        self.require(split)?;
        photographs::open_places(
            self,
            &Opening {
                search,
                split,
                views,
            },
        )
    }

    /// Opens one part of a data set of photographs, so that they can be had in their own size, and says what deserves a
    /// look, for people; nothing for others. Places have the classes `queries` and `database`.
    ///
    /// # Errors
    /// As [`DatasetEntry::open`].
    pub fn open_photographs(
        &self,
        search: &SearchPath,
        split: Split,
    ) -> Result<Option<(PhotoDataset, Vec<String>)>, DataError> {
        self.require(split)?;
        photographs::open(
            self,
            &Opening {
                search,
                split,
                views: None,
            },
        )
    }

    /// How any photograph is shown to a network that was trained on this data set: small pictures in their one size,
    /// photographs as `views` says.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] for views that do not agree.
    pub fn presentation(&self, views: Views) -> Result<Presentation, DataError> {
        match self.shape {
            None => Presentation::of_views(views),
            Some(shape) => {
                // Small pictures in colour are normalised as ImageNet's, grey ones are not.
                let normalisation = (shape.channels == 3).then(Normalise::imagenet);
                Presentation::of_small_pictures(shape, normalisation)
            }
        }
    }

    fn require(&self, split: Split) -> Result<(), DataError> {
        if !self.splits.iter().any(|&(known, _)| known == split) {
            return Err(DataError::NoSuchSplit {
                dataset: self.name,
                split,
            });
        }
        Ok(())
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
    /// Lists what a folder of photographs holds; other data sets are opened by their own function.
    pub photographs: Photographs,
    /// What `lam data fetch` gets; empty where people have to accept terms first, or where it is nowhere.
    pub remote: &'static [RemoteFile],
}

impl TreeSet {
    /// What to put where, for people.
    pub(crate) fn put_into(&self, folder: &Path) -> String {
        let mut forms = Vec::new();
        for tree in self.trees {
            // What a run can do without is not asked for.
            let needed = tree
                .marks
                .iter()
                .filter(|(split, _)| *split != Split::Validation);
            let mut marks: Vec<&str> = needed.flat_map(|(_, m)| *m).copied().collect();
            marks.dedup();
            forms.push(format!("{} ({})", marks.join(", "), tree.format));
        }
        format!("put {} into {}", forms.join(" or "), folder.display())
    }
}

/// How the photographs of a folder are listed.
#[derive(Debug, Clone, Copy)]
pub enum Photographs {
    /// These are none.
    None,
    /// With a class each.
    Labelled(fn(&Path, Split) -> Result<Listing, DataError>),
    /// With a place each, queries and a database.
    Places(fn(&Path, Split) -> Result<PlacePictures, DataError>),
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
    &svhn::ENTRY,
    &cub200::ENTRY,
    &cars196::ENTRY,
    &lfw::ENTRY,
    &msls::ENTRY,
    &dag::ENTRY,
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
