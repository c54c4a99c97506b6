use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::DataError;

/// The images of one data set that could not be read. Each counts once, however often it is tried.
///
/// Some are tolerated: one in a hundred, or in sets of less than 500 images five, but never more than a quarter of the
/// set.
#[derive(Debug)]
pub struct Unreadable {
    dataset: String,
    total: usize,
    /// By index: what is said of it.
    found: Mutex<BTreeMap<usize, UnreadableImage>>,
}

/// An image that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableImage {
    /// Its index in the data set that reads the file.
    pub index: usize,
    /// Its file, for people.
    pub image: String,
    /// Why it could not be read.
    pub reason: String,
}

/// How many images an error names.
const NAMED: usize = 5;

impl Unreadable {
    /// Of a data set of `total` images, none so far.
    pub fn new(dataset: &str, total: usize) -> Self {
        Self {
            dataset: dataset.to_owned(),
            total,
            found: Mutex::default(),
        }
    }

    /// Takes down an image. `false` if it was known.
    pub fn record(&self, image: UnreadableImage) -> bool {
        self.lock().insert(image.index, image).is_none()
    }

    /// The images so far, by index.
    pub fn images(&self) -> Vec<UnreadableImage> {
        self.lock().values().cloned().collect()
    }

    /// Number of images so far.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Number of images that are tolerated.
    pub fn tolerated(&self) -> usize {
        (self.total / 100).max((self.total / 4).min(5))
    }

    /// Whether there are no more than are tolerated.
    ///
    /// # Errors
    /// [`DataError::TooManyUnreadable`], which names the first few.
    pub fn check(&self) -> Result<(), DataError> {
        let found = self.lock();
        if found.len() <= self.tolerated() {
            return Ok(());
        }
        Err(DataError::TooManyUnreadable {
            dataset: self.dataset.clone(),
            found: found.len(),
            total: self.total,
            tolerated: self.tolerated(),
            first: found.values().take(NAMED).cloned().collect(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, UnreadableImage>> {
        // A list is whole between two insertions.
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
