use std::sync::Arc;

use crate::adapted::{Adaptation, Adapted};
use crate::decode::{DecodeLimits, Picture};
use crate::photo_dataset::PhotoDataset;
use crate::resample::Filter;
use crate::view::{View, Views};
use crate::{DataError, Dataset, ImageShape, Normalise, Photo};

/// How any photograph becomes the input of a network that was trained on others.
#[derive(Debug, Clone)]
pub struct Presentation {
    views: Views,
    shape: ImageShape,
    normalisation: Option<Normalise>,
}

impl Presentation {
    /// As photographs are shown.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] for views that do not agree.
    pub fn of_views(views: Views) -> Result<Self, DataError> {
        Ok(Self {
            shape: views.shape()?,
            normalisation: views.normalisation.clone(),
            views,
        })
    }

    /// For a network of small pictures: the whole photograph in that size, grey where the network has one channel.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] unless there are 1 or 3 channels.
    pub fn of_small_pictures(
        shape: ImageShape,
        normalisation: Option<Normalise>,
    ) -> Result<Self, DataError> {
        if !matches!(shape.channels, 1 | 3) {
            return Err(DataError::InvalidArgument {
                argument: "channels of an image",
                value: shape.channels.to_string(),
                expected: "1 or 3, for photographs",
            });
        }
        let view = View::Resize {
            width: shape.width,
            height: shape.height,
            filter: Filter::Bilinear,
        };
        let views = Views {
            train: view,
            test: view,
            normalisation: None,
            limits: DecodeLimits::default(),
        };
        views.shape()?;
        Ok(Self {
            views,
            shape,
            normalisation,
        })
    }

    /// Shape of what the network gets.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// What the network wants done to the values.
    pub fn normalisation(&self) -> Option<&Normalise> {
        self.normalisation.as_ref()
    }

    /// What a file may ask for.
    pub fn limits(&self) -> DecodeLimits {
        self.views.limits
    }

    /// Writes a picture as the network takes it, `[C, H, W]`, normalised.
    ///
    /// # Errors
    /// [`DataError::WrongBuffer`] unless `out` has room for exactly that.
    pub fn show(&self, picture: &Picture, out: &mut [f32]) -> Result<(), DataError> {
        let wrong = |found| DataError::WrongBuffer {
            found,
            expected: self.shape.numel(),
        };
        if out.len() != self.shape.numel() {
            return Err(wrong(out.len()));
        }
        let view = self.views.test;
        let framing = view.framing(picture.width(), picture.height(), (0, 0), 0);
        let colour = ImageShape::new(3, self.shape.height, self.shape.width);
        let mut values = vec![0.0; colour.numel()];
        framing
            .render(picture, view.filter(), view.size(), &mut values)
            .ok_or_else(|| wrong(values.len()))?;
        if self.shape.channels == 1 {
            // By the same code as whole data sets, so that an uploaded picture is what an indexed one was.
            Adaptation::new(colour, self.shape)?.apply(&values, out);
        } else {
            out.copy_from_slice(&values);
        }
        match &self.normalisation {
            Some(normalise) => normalise.apply(out, self.shape),
            None => Ok(()),
        }
    }

    /// Photographs as the network takes them.
    ///
    /// # Errors
    /// Those of [`PhotoDataset::new`].
    pub fn photographs(
        &self,
        name: &str,
        class_names: Vec<String>,
        photos: Vec<Photo>,
    ) -> Result<Arc<dyn Dataset>, DataError> {
        let views = self.views.clone();
        let photographs = PhotoDataset::new(name, class_names, photos, views)?;
        self.adapted(Arc::new(photographs))
    }

    /// Any images as the network takes them.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] unless they have 1 or 3 channels, or are in that form already.
    pub fn adapted(&self, images: Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>, DataError> {
        Adapted::to(images, self.shape, self.normalisation.clone())
    }
}
