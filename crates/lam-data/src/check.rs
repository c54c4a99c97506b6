//! A look at every image of a data set.

use rayon::prelude::*;

use crate::{DataError, Dataset, PhotoDataset, UnreadableImage};

/// What is looked at.
#[derive(Clone, Copy)]
pub enum Checked<'a> {
    /// Images of one size.
    Images(&'a dyn Dataset),
    /// Photographs, each in its own size.
    Photographs(&'a PhotoDataset),
}

impl<'a> Checked<'a> {
    /// It as a data set.
    pub fn dataset(self) -> &'a dyn Dataset {
        match self {
            Self::Images(images) => images,
            Self::Photographs(photographs) => photographs,
        }
    }

    /// One image, decoded, in its own size.
    ///
    /// # Errors
    /// [`DataError::UnreadableImage`] for what is wrong with this one; whatever else reading can run into.
    pub fn thumbnail(self, index: usize) -> Result<Thumbnail, DataError> {
        match self {
            Self::Photographs(photographs) => {
                let picture = photographs.picture(index)?;
                Ok(Thumbnail {
                    width: picture.width(),
                    height: picture.height(),
                    channels: 3,
                    pixels: picture.pixels().to_vec(),
                })
            }
            Self::Images(images) => {
                let shape = images.shape();
                let mut values = vec![0.0; shape.numel()];
                images.read(index, &mut values)?;
                // From planes to pixels.
                let plane = shape.height * shape.width;
                let byte = |at: usize| (values[at] * 255.0).round() as u8;
                let pixel = |p: usize| (0..shape.channels).map(move |c| c * plane + p);
                Ok(Thumbnail {
                    width: shape.width,
                    height: shape.height,
                    channels: shape.channels,
                    pixels: (0..plane).flat_map(pixel).map(byte).collect(),
                })
            }
        }
    }

    /// Width and height of an image, which is decoded for it.
    fn size(self, index: usize) -> Result<(usize, usize), DataError> {
        match self {
            Self::Photographs(photographs) => {
                let picture = photographs.picture(index)?;
                Ok((picture.width(), picture.height()))
            }
            Self::Images(images) => {
                let shape = images.shape();
                images.read(index, &mut vec![0.0; shape.numel()])?;
                Ok((shape.width, shape.height))
            }
        }
    }
}

/// An image to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// `[H, W, C]`.
    pub pixels: Vec<u8>,
}

/// What was found in a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageCheck {
    /// Number of images, unreadable ones too.
    pub images: usize,
    /// Number of classes.
    pub classes: usize,
    /// Number of classes with a single image, which no other image leads to.
    pub singletons: usize,
    /// The class with the fewest images; the first of several.
    pub smallest: CheckedClass,
    /// The class with the most images; the first of several.
    pub largest: CheckedClass,
    /// Least width and least height; none if no image is readable.
    pub least: Option<(usize, usize)>,
    /// Greatest width and greatest height.
    pub greatest: Option<(usize, usize)>,
    /// Images that cannot be read, by index.
    pub unreadable: Vec<UnreadableImage>,
}

/// A class and its number of images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedClass {
    /// Its name.
    pub name: String,
    /// Number of images.
    pub images: usize,
}

impl ImageCheck {
    /// Whether more than one image in a hundred is unreadable.
    pub fn too_many_unreadable(&self) -> bool {
        self.unreadable.len() * 100 > self.images
    }
}

/// Decodes every image, on all threads; `advanced` is told of each. The result does not depend on their number.
///
/// # Errors
/// What is not one image's fault: [`DataError::Io`], wrong use.
pub fn check_images(
    checked: Checked<'_>,
    advanced: &(dyn Fn() + Sync),
) -> Result<ImageCheck, DataError> {
    let dataset = checked.dataset();
    let found: Vec<Result<(usize, usize), UnreadableImage>> = (0..dataset.len())
        .into_par_iter()
        .map(|index| {
            let size = checked.size(index);
            advanced();
            match size {
                Ok(size) => Ok(Ok(size)),
                Err(DataError::UnreadableImage { image, fault }) => Ok(Err(UnreadableImage {
                    index,
                    image,
                    reason: fault.to_string(),
                })),
                Err(other) => Err(other),
            }
        })
        .collect::<Result<_, _>>()?;
    let mut counts = vec![0; dataset.class_names().len()];
    for &label in dataset.labels() {
        if let Some(count) = counts.get_mut(label as usize) {
            *count += 1;
        }
    }
    let class = |(class, &images): (usize, &usize)| CheckedClass {
        name: dataset.class_names()[class].clone(),
        images,
    };
    // The first of several: `max_by_key` takes the last.
    let smallest = counts.iter().enumerate().min_by_key(|&(_, count)| count);
    let largest = counts
        .iter()
        .enumerate()
        .rev()
        .max_by_key(|&(_, count)| count);
    let no_class = || CheckedClass {
        name: String::new(),
        images: 0,
    };
    let sizes = || found.iter().flatten().copied();
    Ok(ImageCheck {
        images: dataset.len(),
        classes: counts.len(),
        singletons: counts.iter().filter(|&&count| count == 1).count(),
        smallest: smallest.map_or_else(no_class, class),
        largest: largest.map_or_else(no_class, class),
        least: sizes().reduce(|a, b| (a.0.min(b.0), a.1.min(b.1))),
        greatest: sizes().reduce(|a, b| (a.0.max(b.0), a.1.max(b.1))),
        unreadable: found.into_iter().filter_map(Result::err).collect(),
    })
}
