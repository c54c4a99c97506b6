use std::io;

use super::ImageFormat;
use crate::{ImageShape, Region};

/// Why one image cannot be used. The file is named by the error that holds this one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageFault {
    /// No byte.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// None of the formats.
    #[error("not an image that can be read: it begins like no JPEG, PNG or WebP file")]
    UnknownFormat,
    /// The data end too early.
    #[error("the {format} file is cut off: its data end before the image does")]
    Truncated {
        /// Its format.
        format: ImageFormat,
    },
    /// The data are wrong.
    #[error("the {format} file is damaged: {message}")]
    Damaged {
        /// Its format.
        format: ImageFormat,
        /// What the decoder says.
        message: String,
    },
    /// A side of length 0.
    #[error("the header promises {width}×{height} pixels, which is no image")]
    NoPixels {
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
    },
    /// More pixels than are decoded.
    #[error(
        "the header promises {width}×{height} pixels, more than the {limit} (and 65535 a side) that are decoded; \
         shrink the image"
    )]
    TooManyPixels {
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
        /// The limit on their product.
        limit: u64,
    },
    /// A file larger than is read.
    #[error("a file of {bytes} bytes, more than the {limit} that are read; shrink the image")]
    TooManyBytes {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Another size than all images of a set must have.
    #[error("a picture of {width}×{height}, expected {expected}")]
    WrongSize {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// Shape of the set.
        expected: ImageShape,
    },
    /// A part that the picture does not have.
    #[error("the box {region} does not lie inside the picture, which is {width}×{height}")]
    NoSuchPart {
        /// The part.
        region: Region,
        /// Columns of the picture.
        width: usize,
        /// Rows of the picture.
        height: usize,
    },
    /// The file is missing or closed to us.
    #[error("the file cannot be opened: {0}")]
    NotOpened(io::Error),
}
