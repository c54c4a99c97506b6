use std::ops::Range;

use crate::{DataError, ImageShape, Normalise, Unreadable};

/// Labelled images that can be read by index, from any thread.
pub trait Dataset: Send + Sync {
    /// Name under which results are reported, for instance `fashionmnist`.
    fn name(&self) -> &str;

    /// Shape `[C, H, W]` of every image that [`Dataset::read`] writes.
    fn shape(&self) -> ImageShape;

    /// Name of each class; a label is an index into it.
    fn class_names(&self) -> &[String];

    /// Label of each image, `[N]`.
    fn labels(&self) -> &[u32];

    /// Writes image `index` as `[C, H, W]`, scaled to \[0, 1\], into `out`.
    ///
    /// # Errors
    /// [`DataError::IndexOutOfRange`] and [`DataError::WrongBuffer`] for wrong arguments; whatever
    /// reading and decoding the image can run into.
    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError>;

    /// As [`Dataset::read`], but seen as in the epoch `(seed, epoch)` of training: photographs are
    /// cropped anew each time. A pure function of its arguments.
    ///
    /// # Errors
    /// As [`Dataset::read`].
    fn read_for_training(
        &self,
        index: usize,
        _occasion: (u64, u64),
        out: &mut [f32],
    ) -> Result<(), DataError> {
        self.read(index, out)
    }

    /// What a network wants done to the values that [`Dataset::read`] gives; none where they are fed
    /// to it as they are.
    fn normalisation(&self) -> Option<&Normalise> {
        None
    }

    /// Where image `index` comes from, for people: a path, or the name of the set and a number.
    fn source(&self, index: usize) -> String {
        format!("{} {index}", self.name())
    }

    /// The images themselves, to be shown to people, of a set that holds something computed from them.
    fn pictures(&self) -> Option<&dyn Dataset> {
        None
    }

    /// The files that the images come from, as ranges of indices, where what is computed of each file must not depend on
    /// the others: images are then held out, and batches made, file by file. None for all other sets.
    fn files(&self) -> Option<Vec<Range<usize>>> {
        None
    }

    /// For sets that decode an image when it is asked for: those that could not be decoded so far. The
    /// [`Loader`](crate::Loader) leaves such images out, and reads such sets in parallel.
    fn unreadable(&self) -> Option<&Unreadable> {
        None
    }

    /// Number of images.
    fn len(&self) -> usize {
        self.labels().len()
    }

    /// Whether there is no image.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
