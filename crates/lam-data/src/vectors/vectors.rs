use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::file_part::FilePart;
use super::parquet_vectors::ParquetVectors;
use super::{VectorsError, npy, safetensors};
use crate::DataError;

/// Vectors in a file, read when they are asked for, from any thread.
pub trait Vectors: Send + Sync {
    /// The file, for messages.
    fn file(&self) -> &Path;

    /// Vectors (N).
    fn rows(&self) -> usize;

    /// Numbers in each (D).
    fn dim(&self) -> usize;

    /// Writes rows `rows` as `[n, D]`.
    ///
    /// # Errors
    /// Rows that are not there, a buffer of another size, a row with a number that is not finite, a damaged file.
    fn read(&self, rows: Range<usize>, out: &mut [f32]) -> Result<(), DataError>;

    /// Whether any row is as near as the next one. Parquet has to be decoded from the start of a group of rows.
    fn is_random_access(&self) -> bool {
        true
    }
}

/// Opens the vectors `[N, D]` at a location: `.npy`, a tensor in `.safetensors`, a column of lists in `.parquet`.
///
/// # Errors
/// [`VectorsError`]; [`DataError::Io`].
pub fn open_vectors(location: &FilePart) -> Result<Arc<dyn Vectors>, DataError> {
    Ok(match location.ending().as_str() {
        "npy" => Arc::new(npy::open_matrix(&location.file)?),
        "safetensors" => Arc::new(safetensors::open_matrix(
            &location.file,
            location.name.as_deref(),
        )?),
        "parquet" => Arc::new(ParquetVectors::open(
            &location.file,
            location.name.as_deref(),
        )?),
        _ => {
            return Err(VectorsError::UnknownEnding {
                file: location.file.clone(),
                expected: ".npy, .safetensors or .parquet",
            }
            .into());
        }
    })
}

/// Checks a range and the buffer for it, as every reader does.
pub(crate) fn check_range(
    vectors: &(impl Vectors + ?Sized),
    rows: &Range<usize>,
    out: &[f32],
) -> Result<(), DataError> {
    if rows.start > rows.end || rows.end > vectors.rows() {
        return Err(VectorsError::Range {
            file: vectors.file().into(),
            start: rows.start,
            end: rows.end,
            rows: vectors.rows(),
        }
        .into());
    }
    let expected = rows.len().saturating_mul(vectors.dim());
    if out.len() != expected {
        return Err(DataError::WrongBuffer {
            found: out.len(),
            expected,
        });
    }
    Ok(())
}

/// Refuses rows `[n, D]` with a number that is not finite; the first of them is row `first` of `file`.
pub(crate) fn check_finite(
    file: &Path,
    first: usize,
    dim: usize,
    values: &[f32],
) -> Result<(), DataError> {
    let found = values.iter().position(|value| !value.is_finite());
    let Some(at) = found else { return Ok(()) };
    Err(VectorsError::row(
        file,
        first + at / dim.max(1),
        format!(
            "number {} is {}, expected finite numbers that fit 32 bits; leave such rows out",
            at % dim.max(1),
            values[at]
        ),
    )
    .into())
}
