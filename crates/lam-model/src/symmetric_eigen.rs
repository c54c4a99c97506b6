//! Eigenvalues and eigenvectors of a symmetric matrix.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par};

/// Parts the work is split into, on every machine alike: how many threads there are does not change a sum.
const PARTS: usize = 8;

/// Rising eigenvalues `[n]` and, in columns of a row-major matrix `[n, n]`, eigenvectors of the symmetric part of a
/// row-major matrix `[n, n]`; `None` if an entry is not finite or the iteration does not converge.
///
/// The result is the same with any number of threads. Costs about `9 n³` operations.
///
/// # Panics
/// If there are not `n²` entries.
pub fn symmetric_eigen(entries: &[f64], size: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    if size == 0 {
        return Some((Vec::new(), Vec::new()));
    }
    if !entries.iter().all(|entry| entry.is_finite()) {
        return None;
    }
    let given = MatRef::from_row_major_slice(entries, size, size);
    let symmetric = Mat::from_fn(size, size, |i, j| 0.5 * (given[(i, j)] + given[(j, i)]));
    let mut values = Diag::<f64>::zeros(size);
    let mut vectors = Mat::<f64>::zeros(size, size);
    let parts = Par::rayon(PARTS);
    let wanted = ComputeEigenvectors::Yes;
    let scratch = self_adjoint_evd_scratch::<f64>(size, wanted, parts, Default::default());
    let mut memory = MemBuffer::new(scratch);
    self_adjoint_evd(
        symmetric.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        parts,
        MemStack::new(&mut memory),
        Default::default(),
    )
    .ok()?;
    let values = values.column_vector().iter().copied().collect();
    let mut rows = Vec::with_capacity(size * size);
    for i in 0..size {
        rows.extend(vectors.row(i).iter().copied());
    }
    Some((values, rows))
}
