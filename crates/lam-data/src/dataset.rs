use crate::{DataError, ImageShape};

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

    /// Number of images.
    fn len(&self) -> usize {
        self.labels().len()
    }

    /// Whether there is no image.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
