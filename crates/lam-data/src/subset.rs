use std::ops::Range;
use std::sync::Arc;

use crate::{DataError, Dataset, ImageShape, Normalise, Unreadable};

/// Some images of a data set, in the order of the given indices.
pub struct Subset {
    base: Arc<dyn Dataset>,
    indices: Vec<usize>,
    labels: Vec<u32>,
}

impl Subset {
    /// The images `indices` of `base`; an index may occur more than once.
    ///
    /// # Errors
    /// [`DataError::IndexOutOfRange`] if an index is not below `base.len()`.
    pub fn new(base: Arc<dyn Dataset>, indices: Vec<usize>) -> Result<Self, DataError> {
        let labels = indices
            .iter()
            .map(|&index| match base.labels().get(index) {
                Some(&label) => Ok(label),
                None => Err(DataError::IndexOutOfRange {
                    dataset: base.name().to_owned(),
                    index,
                    len: base.len(),
                }),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            base,
            indices,
            labels,
        })
    }

    /// For each image, its index in the data set it was taken from.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    fn of_base(&self, index: usize) -> Result<usize, DataError> {
        match self.indices.get(index) {
            Some(&of_base) => Ok(of_base),
            None => Err(DataError::IndexOutOfRange {
                dataset: self.name().to_owned(),
                index,
                len: self.len(),
            }),
        }
    }
}

impl Dataset for Subset {
    fn name(&self) -> &str {
        self.base.name()
    }

    fn shape(&self) -> ImageShape {
        self.base.shape()
    }

    fn class_names(&self) -> &[String] {
        self.base.class_names()
    }

    fn labels(&self) -> &[u32] {
        &self.labels
    }

    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError> {
        self.base.read(self.of_base(index)?, out)
    }

    fn read_for_training(
        &self,
        index: usize,
        occasion: (u64, u64),
        out: &mut [f32],
    ) -> Result<(), DataError> {
        self.base
            .read_for_training(self.of_base(index)?, occasion, out)
    }

    fn normalisation(&self) -> Option<&Normalise> {
        self.base.normalisation()
    }

    fn source(&self, index: usize) -> String {
        self.indices
            .get(index)
            .map_or_else(String::new, |&of_base| self.base.source(of_base))
    }

    /// Of the images that are left; in the order of the base, which is that of its files.
    fn files(&self) -> Option<Vec<Range<usize>>> {
        let files = self.base.files()?;
        let mut left: Vec<Range<usize>> = Vec::with_capacity(files.len());
        let mut begin = 0;
        for file in files {
            let inside = self.indices[begin..].iter();
            let count = inside.take_while(|index| file.contains(index)).count();
            left.push(begin..begin + count);
            begin += count;
        }
        // Indices in another order belong to no file.
        (begin == self.indices.len()).then_some(left)
    }

    fn unreadable(&self) -> Option<&Unreadable> {
        self.base.unreadable()
    }
}
