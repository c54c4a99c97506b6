use crate::{DataError, ImageShape};

/// Per channel c: x ← (x − mean_c) / deviation_c.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalise {
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

impl Normalise {
    /// Mean and deviation of each channel, on the scale \[0, 1\].
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] if the lengths differ or are 0, a value is not finite, or a
    /// deviation is not positive.
    pub fn new(mean: &[f32], deviation: &[f32]) -> Result<Self, DataError> {
        let valid = !mean.is_empty()
            && mean.len() == deviation.len()
            && mean.iter().all(|m| m.is_finite())
            && deviation.iter().all(|d| d.is_finite() && *d > 0.0);
        if !valid {
            return Err(DataError::InvalidArgument {
                argument: "normalisation",
                value: format!("mean {mean:?}, deviation {deviation:?}"),
                expected: "one finite mean and one positive deviation for each channel",
            });
        }
        Ok(Self {
            mean: mean.to_vec(),
            deviation: deviation.to_vec(),
        })
    }

    /// The same for images of twice as many channels, two images on top of each other.
    #[must_use]
    pub(crate) fn twice(&self) -> Self {
        Self {
            mean: self.mean.repeat(2),
            deviation: self.deviation.repeat(2),
        }
    }

    /// Mean and deviation of ImageNet's training images, for red, green and blue.
    pub fn imagenet() -> Self {
        Self {
            mean: vec![0.485, 0.456, 0.406],
            deviation: vec![0.229, 0.224, 0.225],
        }
    }
}

impl Normalise {
    /// Changes `image`, `[C, H, W]` of the given shape.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] unless it has as many channels as there are means.
    pub fn apply(&self, image: &mut [f32], shape: ImageShape) -> Result<(), DataError> {
        if shape.channels != self.mean.len() {
            return Err(DataError::InvalidArgument {
                argument: "normalisation",
                value: format!("{} channels", self.mean.len()),
                expected: "as many channels as the images have",
            });
        }
        let plane = (shape.height * shape.width).max(1);
        let channels = image.chunks_exact_mut(plane);
        for ((channel, mean), deviation) in channels.zip(&self.mean).zip(&self.deviation) {
            for value in channel {
                *value = (*value - mean) / deviation;
            }
        }
        Ok(())
    }
}
