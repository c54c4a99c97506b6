use super::{RandomResizedCrop, View};
use crate::decode::DecodeLimits;
use crate::resample::Filter;
use crate::{DataError, ImageShape, Normalise};

/// How the photographs of a data set are shown to a network.
///
/// | setting | default | purpose | range |
/// |---|---|---|---|
/// | `train` | – | in training, anew in every epoch if it is random | a size as `test` has |
/// | `test` | – | otherwise | both sides ≥ 1, at most 16,384 |
/// | `normalisation` | – | after scaling to \[0, 1\] and augmentation | three channels |
/// | `limits` | [`DecodeLimits::default`] | what a file may ask for | – |
#[derive(Debug, Clone)]
pub struct Views {
    /// In training.
    pub train: View,
    /// Otherwise.
    pub test: View,
    /// Of every channel.
    pub normalisation: Option<Normalise>,
    /// What a file may ask for.
    pub limits: DecodeLimits,
}

/// The crop of the published experiments, and the shorter side before it.
const PUBLISHED: (usize, usize) = (227, 256);
/// Longest side of a view.
const MAX_SIDE: usize = 16_384;

impl Views {
    /// Side of [`Views::retrieval`] in the published experiments.
    pub const DEFAULT_CROP: usize = PUBLISHED.0;

    /// For image retrieval: in training a random resized crop and a flip, otherwise the middle after the shorter side
    /// was resized to 256/227 of the crop (256 for 227). Normalised as ImageNet.
    pub fn retrieval(crop: usize) -> Self {
        let filter = Filter::Bilinear;
        Self {
            train: View::RandomResizedCrop {
                part: RandomResizedCrop::default(),
                side: crop,
                flip: true,
                filter,
            },
            test: View::CentreCrop {
                shorter: (crop.saturating_mul(PUBLISHED.1) + PUBLISHED.0 / 2) / PUBLISHED.0,
                side: crop,
                filter,
            },
            normalisation: Some(Normalise::imagenet()),
            limits: DecodeLimits::default(),
        }
    }

    /// For place recognition: the whole picture in this width and ¾ of it as height (square for 224 and 448),
    /// bicubic. Normalised as ImageNet.
    pub fn places(width: usize) -> Self {
        let height = match width {
            224 | 448 => width,
            _ => width / 4 * 3 + width % 4 * 3 / 4,
        };
        Self::always(View::Resize {
            width,
            height,
            filter: Filter::Bicubic,
        })
    }

    /// For small pictures: the whole picture as a square. Normalised as ImageNet.
    pub fn small(side: usize) -> Self {
        Self::always(View::Resize {
            width: side,
            height: side,
            filter: Filter::Bilinear,
        })
    }

    fn always(view: View) -> Self {
        Self {
            train: view,
            test: view,
            normalisation: Some(Normalise::imagenet()),
            limits: DecodeLimits::default(),
        }
    }

    /// Shape of every image, which both views must have.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] for views of two sizes or of a size outside of the range.
    pub(crate) fn shape(&self) -> Result<ImageShape, DataError> {
        let size = self.test.size();
        let shorter = match self.test {
            View::CentreCrop { shorter, .. } => shorter,
            _ => 1,
        };
        let allowed = 1..=MAX_SIDE;
        if ![size.0, size.1, shorter]
            .iter()
            .all(|side| allowed.contains(side))
        {
            return Err(DataError::InvalidArgument {
                argument: "size of the images",
                value: format!("{}×{} (shorter side {shorter})", size.0, size.1),
                expected: "sides from 1 to 16384",
            });
        }
        if self.train.size() != size {
            let (width, height) = self.train.size();
            return Err(DataError::InvalidArgument {
                argument: "size of the images in training",
                value: format!("{width}×{height}"),
                expected: "the same size as in testing",
            });
        }
        Ok(ImageShape::new(3, size.1, size.0))
    }
}
