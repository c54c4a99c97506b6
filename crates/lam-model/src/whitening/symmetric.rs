//! Eigenvalues and eigenvectors of a symmetric matrix.

use faer::{Mat, Side};

use super::fit::wrong;
use crate::ModelError;

/// Relative to the largest, smaller eigenvalues are directions in which there is nothing.
pub(super) const FLOOR: f64 = 1e-10;

/// Eigenvalues, falling, and eigenvectors in columns.
pub(super) fn spectrum(matrix: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), ModelError> {
    let found = matrix
        .self_adjoint_eigen(Side::Lower)
        .map_err(|_| wrong("the eigenvalues of the covariance do not converge".to_owned()))?;
    let size = matrix.nrows();
    let rising = found.S();
    let values = (0..size).rev().map(|i| rising[i]).collect();
    let vectors = Mat::from_fn(size, size, |i, j| found.U()[(i, size - 1 - j)]);
    Ok((values, vectors))
}
