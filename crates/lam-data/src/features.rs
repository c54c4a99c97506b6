use std::sync::Arc;

use crate::{DataError, Dataset, ImageShape};

/// Images that are given as features, computed once: shape `[F, 1, 1]`. The values are not within \[0, 1\].
pub struct Features {
    images: Arc<dyn Dataset>,
    /// `[N, F]`.
    values: Vec<f32>,
    size: usize,
}

impl Features {
    /// `values` are `[N, F]`, one row for each of `images`.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] unless there is one row of `size` (F) values for every image.
    pub fn new(images: Arc<dyn Dataset>, values: Vec<f32>, size: usize) -> Result<Self, DataError> {
        if size == 0 || images.len().checked_mul(size) != Some(values.len()) {
            return Err(DataError::InvalidArgument {
                argument: "features",
                value: format!("{} values of {size} an image", values.len()),
                expected: "a row for every image",
            });
        }
        Ok(Self {
            images,
            values,
            size,
        })
    }
}

impl Dataset for Features {
    fn name(&self) -> &str {
        self.images.name()
    }

    fn shape(&self) -> ImageShape {
        ImageShape::new(self.size, 1, 1)
    }

    fn class_names(&self) -> &[String] {
        self.images.class_names()
    }

    fn labels(&self) -> &[u32] {
        self.images.labels()
    }

    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError> {
        if out.len() != self.size {
            return Err(DataError::WrongBuffer {
                found: out.len(),
                expected: self.size,
            });
        }
        let row = index
            .checked_mul(self.size)
            .and_then(|start| self.values.get(start..start + self.size));
        let row = row.ok_or_else(|| DataError::IndexOutOfRange {
            dataset: self.name().to_owned(),
            index,
            len: self.len(),
        })?;
        out.copy_from_slice(row);
        Ok(())
    }

    fn pictures(&self) -> Option<&dyn Dataset> {
        Some(&*self.images)
    }

    fn source(&self, index: usize) -> String {
        self.images.source(index)
    }
}
