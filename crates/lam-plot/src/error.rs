//! The one error type of the crate.

use std::path::PathBuf;

/// Why a figure or a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// Two inputs that belong together have different lengths.
    #[error(
        "{figure}: {left} has {left_len} values but {right} has {right_len}; both need one value per point"
    )]
    LengthMismatch {
        /// The figure, and where it has several curves, which one.
        figure: String,
        /// First input.
        left: &'static str,
        /// Its length.
        left_len: usize,
        /// Second input.
        right: &'static str,
        /// Its length.
        right_len: usize,
    },
    /// The pixels of an image do not fill the size it claims.
    #[error(
        "{figure}: an image of {width}×{height} with {channels} channel(s) needs {expected} bytes, but {found} were given"
    )]
    ImageSize {
        /// The figure.
        figure: String,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// 1 for grey, 3 for RGB.
        channels: u32,
        /// Bytes needed.
        expected: u64,
        /// Bytes given.
        found: usize,
    },
    /// An embedding whose flat slice is not a whole number of points.
    #[error(
        "{figure}: {len} coordinates are not a whole number of points of {dim} dimension(s); the slice must be [N, {dim}], row by row"
    )]
    Shape {
        /// The figure.
        figure: String,
        /// Length of the slice.
        len: usize,
        /// Dimensions of one point.
        dim: usize,
    },
    /// The rasteriser refused the figure.
    #[error("figure `{figure}` could not be rasterised: {reason}")]
    Raster {
        /// File stem of the figure.
        figure: String,
        /// What the rasteriser said.
        reason: String,
    },
    /// PNG encoding failed.
    #[error("PNG encoding failed: {0}")]
    Png(#[from] png::EncodingError),
    /// A file could not be written; what stood there before is unchanged.
    #[error("cannot write {}: {source}; check that the folder exists, is writable and has space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// An error unless `left` and `right` have equal lengths.
pub(crate) fn same_length(
    figure: &str,
    (left, left_len): (&'static str, usize),
    (right, right_len): (&'static str, usize),
) -> Result<(), PlotError> {
    if left_len == right_len {
        return Ok(());
    }
    Err(PlotError::LengthMismatch {
        figure: figure.to_owned(),
        left,
        left_len,
        right,
        right_len,
    })
}
