//! A folder a class.

use std::path::{Path, PathBuf};

use super::files::{content_of, pictures_below};
use super::listing::Listing;
use crate::{DataError, LayoutError, Split, held_out_split};

/// Names of the folders of a split, the first that is there counts.
fn names(split: Split) -> &'static [&'static str] {
    match split {
        Split::Train => &["train"],
        Split::Validation | Split::Test => &["test", "val", "validation"],
    }
}

/// How a folder without `train` and `test` is divided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitFraction {
    /// Share of each class to test on, above 0 and below 1.
    pub test: f64,
    /// Which images those are.
    pub seed: u64,
}

impl Default for SplitFraction {
    /// A fifth, of seed 0.
    fn default() -> Self {
        Self { test: 0.2, seed: 0 }
    }
}

/// Images of `ROOT/{train,test}/CLASS/*`, or of `ROOT/CLASS/*`, divided by `fraction`: of each class that share is to
/// test on, never all and, where there is more than one image, at least one.
///
/// `val` and `validation` stand for `test` where that is missing. Folders inside of a class belong to it. Links are
/// followed, hidden files do not count, files that are no JPEG, PNG or WebP by their names are counted.
///
/// # Errors
/// [`DataError::Io`]; [`LayoutError`] if there is nothing to find; [`DataError::InvalidArgument`] for the fraction.
pub fn list_folder(
    root: &Path,
    split: Split,
    fraction: SplitFraction,
) -> Result<Listing, DataError> {
    if !root.is_dir() {
        return Err(LayoutError::NoSuchFolder {
            folder: root.into(),
            expected: "train/CLASS/* and test/CLASS/*, or CLASS/*",
        }
        .into());
    }
    // A class may be called "test": then pictures lie in that folder itself.
    let of = |split| -> Result<Option<PathBuf>, DataError> {
        let mut candidates = names(split).iter().map(|name| root.join(name));
        match candidates.find(|folder| folder.is_dir()) {
            Some(folder) if content_of(&folder)?.pictures.is_empty() => Ok(Some(folder)),
            _ => Ok(None),
        }
    };
    let other = split.of_two("folder of classes", Split::Test, Split::Train)?;
    match (of(split)?, of(other)?) {
        (Some(folder), _) => list_classes(&folder),
        (None, Some(_)) => Err(LayoutError::NoSuchFolder {
            folder: root.join(names(split)[0]),
            expected: "a folder a class, as the other split has",
        }
        .into()),
        (None, None) => divide(list_classes(root)?, root, split, fraction),
    }
}

/// All images of a folder of classes.
fn list_classes(folder: &Path) -> Result<Listing, DataError> {
    let content = content_of(folder)?;
    let mut ignored = content.ignored + content.pictures.len();
    let mut images: Vec<(PathBuf, String)> = Vec::new();
    for class in content.folders {
        let name = class.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let (pictures, others) = pictures_below(&class)?;
        ignored += others;
        images.extend(pictures.into_iter().map(|path| (path, name.clone())));
    }
    let expected = "a folder a class, with JPEG, PNG or WebP files";
    Listing::new(folder, expected, images, Clone::clone, ignored)
}

/// One side of a folder that is not divided.
fn divide(
    all: Listing,
    root: &Path,
    split: Split,
    fraction: SplitFraction,
) -> Result<Listing, DataError> {
    if !(fraction.test > 0.0 && fraction.test < 1.0) {
        return Err(DataError::InvalidArgument {
            argument: "share of the images to test on",
            value: fraction.test.to_string(),
            expected: "a number above 0 and below 1",
        });
    }
    let labels: Vec<u32> = all.images.iter().map(|image| image.label).collect();
    let (train, test) = held_out_split(&labels, fraction.test, fraction.seed)?;
    let chosen = split.of_two("folder of classes", train, test)?;
    let class_of = |label: u32| all.class_names.get(label as usize).cloned();
    let images = chosen.into_iter().filter_map(|index| {
        let image = all.images.get(index)?;
        Some((image.path.clone(), class_of(image.label)?))
    });
    let expected = format!("enough images of a class to keep some of them for the {split} split");
    Listing::new(root, expected, images.collect(), Clone::clone, all.ignored)
}
