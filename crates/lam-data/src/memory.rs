use std::path::Path;

use crate::{DataError, Dataset, ImageShape, Normalise};

/// Images kept in memory, one byte a value.
#[derive(Debug, Clone)]
pub struct MemoryDataset {
    name: String,
    shape: ImageShape,
    class_names: Vec<String>,
    labels: Vec<u32>,
    pixels: Vec<u8>,
    normalisation: Option<Normalise>,
}

impl MemoryDataset {
    /// `pixels` is `[N, C, H, W]`, `labels` `[N]`; `file` is the file that errors about the labels name.
    ///
    /// # Errors
    /// [`DataError::EmptySet`], [`DataError::CountMismatch`], [`DataError::LabelOutOfRange`],
    /// [`DataError::EmptyClass`].
    pub fn new(
        name: &str,
        shape: ImageShape,
        class_names: &[&str],
        labels: Vec<u32>,
        pixels: Vec<u8>,
        file: &Path,
    ) -> Result<Self, DataError> {
        if labels.is_empty() || shape.numel() == 0 {
            return Err(DataError::EmptySet { file: file.into() });
        }
        if labels.len().checked_mul(shape.numel()) != Some(pixels.len()) {
            return Err(DataError::CountMismatch {
                images_file: file.into(),
                images: pixels.len() / shape.numel(),
                labels_file: file.into(),
                labels: labels.len(),
            });
        }
        check_labels(&labels, class_names, file)?;
        Ok(Self {
            name: name.to_owned(),
            shape,
            class_names: class_names.iter().map(|&name| name.to_owned()).collect(),
            labels,
            pixels,
            normalisation: None,
        })
    }

    /// With what a network wants done to the values.
    #[must_use]
    pub fn normalised(mut self, normalisation: Normalise) -> Self {
        self.normalisation = Some(normalisation);
        self
    }
}

/// Every label names a class, and every class has an image.
pub(crate) fn check_labels(
    labels: &[u32],
    class_names: &[impl AsRef<str>],
    file: &Path,
) -> Result<(), DataError> {
    let mut counts = vec![0usize; class_names.len()];
    for (index, &label) in labels.iter().enumerate() {
        match counts.get_mut(label as usize) {
            Some(count) => *count += 1,
            None => {
                return Err(DataError::LabelOutOfRange {
                    file: file.into(),
                    index,
                    label,
                    classes: class_names.len(),
                });
            }
        }
    }
    match counts.iter().position(|&count| count == 0) {
        None => Ok(()),
        Some(class) => Err(DataError::EmptyClass {
            file: file.into(),
            class,
            name: class_names[class].as_ref().to_owned(),
        }),
    }
}

impl Dataset for MemoryDataset {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> ImageShape {
        self.shape
    }

    fn class_names(&self) -> &[String] {
        &self.class_names
    }

    fn labels(&self) -> &[u32] {
        &self.labels
    }

    fn normalisation(&self) -> Option<&Normalise> {
        self.normalisation.as_ref()
    }

    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError> {
        let numel = self.shape.numel();
        if index >= self.labels.len() {
            return Err(DataError::IndexOutOfRange {
                dataset: self.name.clone(),
                index,
                len: self.labels.len(),
            });
        }
        if out.len() != numel {
            return Err(DataError::WrongBuffer {
                found: out.len(),
                expected: numel,
            });
        }
        let pixels = &self.pixels[index * numel..][..numel];
        for (value, &pixel) in out.iter_mut().zip(pixels) {
            *value = f32::from(pixel) / 255.0;
        }
        Ok(())
    }
}
