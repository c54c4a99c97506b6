use crate::decode::Picture;
use crate::memory::check_labels;
use crate::view::{View, Views};
use crate::{DataError, Dataset, ImageShape, Normalise, Photo, Unreadable, UnreadableImage};

/// Photographs that are decoded and brought to one size when they are asked for, from any thread.
#[derive(Debug)]
pub struct PhotoDataset {
    name: String,
    class_names: Vec<String>,
    labels: Vec<u32>,
    photos: Vec<Photo>,
    views: Views,
    shape: ImageShape,
    unreadable: Unreadable,
}

impl PhotoDataset {
    /// No photograph is opened yet.
    ///
    /// # Errors
    /// [`DataError::EmptySet`], [`DataError::LabelOutOfRange`], [`DataError::EmptyClass`], and
    /// [`DataError::InvalidArgument`] for views that do not agree.
    pub fn new(
        name: &str,
        class_names: Vec<String>,
        photos: Vec<Photo>,
        views: Views,
    ) -> Result<Self, DataError> {
        let shape = views.shape()?;
        if photos.is_empty() {
            return Err(DataError::EmptySet { file: name.into() });
        }
        let labels: Vec<u32> = photos.iter().map(|photo| photo.label).collect();
        check_labels(&labels, &class_names, name.as_ref())?;
        Ok(Self {
            name: name.to_owned(),
            class_names,
            labels,
            unreadable: Unreadable::new(name, photos.len()),
            photos,
            views,
            shape,
        })
    }

    /// Photographs and their classes.
    pub fn photos(&self) -> &[Photo] {
        &self.photos
    }

    /// How photographs are shown.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// Decodes photograph `index` in its own size, or cuts out the part of it that is meant.
    ///
    /// # Errors
    /// [`DataError::IndexOutOfRange`], [`DataError::UnreadableImage`], [`DataError::Io`].
    pub fn picture(&self, index: usize) -> Result<Picture, DataError> {
        let photo = self
            .photos
            .get(index)
            .ok_or_else(|| DataError::IndexOutOfRange {
                dataset: self.name.clone(),
                index,
                len: self.photos.len(),
            })?;
        let picture = photo.source.picture(self.views.limits);
        if let Err(DataError::UnreadableImage { image, fault }) = &picture {
            self.unreadable.record(UnreadableImage {
                index,
                image: image.clone(),
                reason: fault.to_string(),
            });
        }
        picture
    }

    fn show(
        &self,
        index: usize,
        view: &View,
        occasion: (u64, u64),
        out: &mut [f32],
    ) -> Result<(), DataError> {
        let expected = self.shape.numel();
        let wrong_buffer = DataError::WrongBuffer {
            found: out.len(),
            expected,
        };
        if out.len() != expected {
            return Err(wrong_buffer);
        }
        let picture = self.picture(index)?;
        let framing = view.framing(picture.width(), picture.height(), occasion, index);
        framing
            .render(&picture, view.filter(), view.size(), out)
            .ok_or(wrong_buffer)
    }
}

impl Dataset for PhotoDataset {
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

    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError> {
        self.show(index, &self.views.test, (0, 0), out)
    }

    fn read_for_training(
        &self,
        index: usize,
        occasion: (u64, u64),
        out: &mut [f32],
    ) -> Result<(), DataError> {
        self.show(index, &self.views.train, occasion, out)
    }

    fn normalisation(&self) -> Option<&Normalise> {
        self.views.normalisation.as_ref()
    }

    fn source(&self, index: usize) -> String {
        self.photos
            .get(index)
            .map_or_else(String::new, |photo| photo.source.name())
    }

    fn unreadable(&self) -> Option<&Unreadable> {
        Some(&self.unreadable)
    }
}
