//! The shape of a batch.

use crate::error::{KernelError, product};

/// Number and size of the images of a batch; the channels belong to the layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Images {
    /// Images in the batch, N.
    pub count: usize,
    /// Rows, H.
    pub height: usize,
    /// Columns, W.
    pub width: usize,
}

impl Images {
    /// Elements of a batch with so many channels.
    ///
    /// # Errors
    /// [`KernelError::TooLarge`] if they cannot be addressed.
    pub fn elements(&self, channels: usize) -> Result<usize, KernelError> {
        product(
            "the batch of images",
            &[self.count, self.height, self.width, channels],
        )
    }
}
