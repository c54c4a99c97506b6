//! Directions of a covariance, the largest first.

use faer::Mat;

use super::fit::wrong;
use crate::{ModelError, symmetric_eigen};

/// Relative to the largest, smaller eigenvalues are directions in which there is nothing.
pub(super) const FLOOR: f64 = 1e-10;

/// Eigenvalues, falling, and eigenvectors in columns.
pub(super) fn spectrum(matrix: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), ModelError> {
    let size = matrix.nrows();
    let entries: Vec<f64> = (0..size)
        .flat_map(|i| matrix.row(i).iter().copied())
        .collect();
    let (mut values, vectors) = symmetric_eigen(&entries, size)
        .ok_or_else(|| wrong("the eigenvalues of the covariance do not converge".to_owned()))?;
    values.reverse();
    let vectors = Mat::from_fn(size, size, |i, j| vectors[i * size + size - 1 - j]);
    Ok((values, vectors))
}
