//! A checked view of row-major points.

use crate::SearchError;

/// Rows `[N, D]` of a row-major slice: finite, of equal length, and of a magnitude whose squared
/// distances fit into `f32`. Values of this type are valid by construction.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    values: &'a [f32],
    dim: usize,
}

impl<'a> Rows<'a> {
    /// Largest number of rows; one row number is kept as "none".
    pub const MAX_ROWS: usize = u32::MAX as usize - 1;

    /// Views `values` as rows of `dim` coordinates. No rows at all are allowed.
    ///
    /// # Errors
    /// `dim` is 0, the slice is not a whole number of rows, there are more than [`Rows::MAX_ROWS`], or
    /// a value is not finite or of a magnitude above 1e18/√D.
    pub fn new(values: &'a [f32], dim: usize) -> Result<Self, SearchError> {
        if dim == 0 {
            return Err(SearchError::NoDimensions);
        }
        if !values.len().is_multiple_of(dim) {
            return Err(SearchError::RaggedRows {
                values: values.len(),
                dim,
            });
        }
        let rows = values.len() / dim;
        if rows > Self::MAX_ROWS {
            return Err(SearchError::TooManyRows {
                rows,
                max: Self::MAX_ROWS,
            });
        }
        check_magnitudes(values, dim)?;
        Ok(Self { values, dim })
    }

    /// Rows that have been checked before.
    pub(crate) fn checked(values: &'a [f32], dim: usize) -> Self {
        Self { values, dim }
    }

    /// Number of rows, N.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Coordinates of a row, D.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// All coordinates, row after row.
    pub fn values(&self) -> &'a [f32] {
        self.values
    }

    /// The `row`-th row.
    ///
    /// # Panics
    /// If `row` is not below [`Rows::len`], as for a slice.
    #[inline]
    pub fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.dim..(row + 1) * self.dim]
    }
}

fn check_magnitudes(values: &[f32], dim: usize) -> Result<(), SearchError> {
    let bound = (1e18 / (dim as f64).sqrt()) as f32;
    // Without their sign, the bits of floats order as the floats do, with infinity and NaN above
    // everything finite: one integer comparison finds all three faults, many values at a time.
    const MAGNITUDE: u32 = 0x7fff_ffff;
    let bound_bits = bound.to_bits();
    let above = |value: &f32| value.to_bits() & MAGNITUDE > bound_bits;
    for (chunk_index, chunk) in values.chunks(4096).enumerate() {
        if !chunk.iter().fold(false, |bad, value| bad | above(value)) {
            continue;
        }
        for (offset, &value) in chunk.iter().enumerate() {
            if above(&value) {
                let position = chunk_index * 4096 + offset;
                let (row, column) = (position / dim, position % dim);
                return Err(if value.is_finite() {
                    SearchError::TooLarge {
                        row,
                        column,
                        value,
                        bound,
                        dim,
                    }
                } else {
                    SearchError::NotFinite { row, column, value }
                });
            }
        }
    }
    Ok(())
}
