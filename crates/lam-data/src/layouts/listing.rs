use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::{DataError, LayoutError, Region};

/// Images of one split, with their classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Name of each class, in the order of the labels; every class has an image.
    pub class_names: Vec<String>,
    /// The images, in an order that does not depend on the file system.
    pub images: Vec<ListedImage>,
    /// Number of files passed over because their names are not those of pictures.
    pub ignored: usize,
}

/// An image of a [`Listing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedImage {
    /// The file.
    pub path: PathBuf,
    /// The part of its picture that is meant; none for all of it.
    pub region: Option<Region>,
    /// Index into the names of the classes.
    pub label: u32,
}

impl Listing {
    /// Images with the keys of their classes; classes are numbered in the order of their keys.
    ///
    /// `place` is the folder or list that errors name, `expected` says what should be in it.
    ///
    /// # Errors
    /// [`LayoutError::NoImages`], [`LayoutError::OnlySingletons`].
    pub(super) fn new<K: Ord + Clone>(
        place: &Path,
        expected: impl Into<String>,
        images: Vec<(PathBuf, K)>,
        name: impl Fn(&K) -> String,
        ignored: usize,
    ) -> Result<Self, DataError> {
        if images.is_empty() {
            return Err(LayoutError::NoImages {
                place: place.into(),
                expected: expected.into(),
                ignored,
            }
            .into());
        }
        let mut classes: BTreeMap<K, u32> = images.iter().map(|(_, k)| (k.clone(), 0)).collect();
        for (label, number) in classes.values_mut().zip(0..) {
            *label = number;
        }
        let class_names = classes.keys().map(name).collect();
        let images = images.into_iter().map(|(path, key)| ListedImage {
            path,
            region: None,
            label: classes[&key],
        });
        let listing = Self {
            class_names,
            images: images.collect(),
            ignored,
        };
        if listing.singletons() == listing.class_names.len() {
            return Err(LayoutError::OnlySingletons {
                place: place.into(),
                classes: listing.class_names.len(),
            }
            .into());
        }
        Ok(listing)
    }

    /// Number of images of each class, `[classes]`.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.class_names.len()];
        for image in &self.images {
            if let Some(count) = counts.get_mut(image.label as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// Number of classes with a single image, which no other image can lead to.
    pub fn singletons(&self) -> usize {
        self.counts().iter().filter(|&&count| count == 1).count()
    }

    /// What deserves a look, for people: files passed over, classes whose only image nothing leads to.
    pub fn notes(&self) -> Vec<String> {
        let ignored = (self.ignored > 0).then(|| match self.ignored {
            1 => "1 file is passed over: it is no JPEG, PNG or WebP by its name".to_owned(),
            n => format!("{n} files are passed over: they are no JPEG, PNG or WebP by their names"),
        });
        let singletons = match self.singletons() {
            0 => None,
            1 => Some("1 class has a single image, which no other image can lead to".to_owned()),
            n => Some(format!(
                "{n} classes have a single image each, which no other image can lead to"
            )),
        };
        ignored.into_iter().chain(singletons).collect()
    }
}
