//! What both fits begin with.

use faer::{Mat, MatRef};

use crate::ModelError;

/// The rows of `[N, F]`, checked.
///
/// # Errors
/// [`ModelError::Whitening`] for rows that are not complete, not finite, or of no length.
pub(super) fn checked(rows: &[f64], inputs: usize) -> Result<MatRef<'_, f64>, ModelError> {
    if inputs == 0 || !rows.len().is_multiple_of(inputs) {
        let reason = format!("{} numbers are no rows of {inputs}", rows.len());
        return Err(wrong(reason));
    }
    if !rows.iter().all(|v| v.is_finite()) {
        return Err(wrong("an embedding is not finite".to_owned()));
    }
    let count = rows.len() / inputs;
    Ok(MatRef::from_row_major_slice(rows, count, inputs))
}

pub(super) fn wrong(reason: String) -> ModelError {
    ModelError::Whitening(reason)
}

/// `outputs` of `inputs` dimensions.
pub(super) fn checked_outputs(outputs: usize, inputs: usize) -> Result<(), ModelError> {
    if (1..=inputs).contains(&outputs) {
        Ok(())
    } else {
        let reason = format!("{outputs} of {inputs} dimensions were asked for");
        Err(wrong(reason))
    }
}

/// The mean of the rows of `which`, `[F, 1]`.
pub(super) fn mean(
    rows: MatRef<'_, f64>,
    which: impl ExactSizeIterator<Item = usize> + Clone,
) -> Mat<f64> {
    let count = which.len().max(1) as f64;
    Mat::from_fn(rows.ncols(), 1, |j, _| {
        which.clone().map(|i| rows[(i, j)]).sum::<f64>() / count
    })
}

/// Rows less `mean`.
pub(super) fn centred(rows: MatRef<'_, f64>, mean: &Mat<f64>) -> Mat<f64> {
    Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| {
        rows[(i, j)] - mean[(j, 0)]
    })
}
