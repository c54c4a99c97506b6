//! Whitening learnt from matching pairs.

use faer::Mat;

use super::Whitening;
use super::fit::{centred, checked, checked_outputs, mean, wrong};
use super::symmetric::{FLOOR, spectrum};
use crate::ModelError;

/// The whitening after which differences of matching pairs have covariance I, turned so that all rows vary most along the
/// first of the `outputs` (D) directions (Radenović et al., TPAMI 2019, section 3.4; Mikolajczyk and Matas, ICCV 2007).
///
/// Directions in which pairs do not differ at all count as if they differed a little, as in the published code.
///
/// # Shapes
/// - `rows`: `[N, F]`, `inputs`: F; `pairs`: indices of rows, query first
///
/// # Errors
/// [`ModelError::Whitening`] where there are no pairs, where they are all alike, or where an index names no row.
pub fn learned(
    rows: &[f64],
    inputs: usize,
    pairs: &[(usize, usize)],
    outputs: usize,
) -> Result<Whitening, ModelError> {
    let rows = checked(rows, inputs)?;
    checked_outputs(outputs, inputs)?;
    let largest = pairs.iter().map(|&(a, b)| a.max(b)).max();
    let largest = largest.ok_or_else(|| wrong("there are no matching pairs".to_owned()))?;
    if largest >= rows.nrows() {
        let reason = format!("a pair names row {largest} of {}", rows.nrows());
        return Err(wrong(reason));
    }
    let mean = mean(rows, pairs.iter().map(|&(query, _)| query));
    let differences = Mat::from_fn(pairs.len(), inputs, |i, j| {
        rows[(pairs[i].0, j)] - rows[(pairs[i].1, j)]
    });
    let share = faer::Scale(1.0 / pairs.len() as f64);
    let within = differences.transpose() * &differences * share;
    let (values, vectors) = spectrum(&within)?;
    let floor = values.first().map_or(0.0, |largest| largest * FLOOR);
    if floor <= 0.0 {
        return Err(wrong("the images of every pair are alike".to_owned()));
    }
    let whiten = Mat::from_fn(inputs, inputs, |i, j| {
        vectors[(j, i)] / values[i].max(floor).sqrt()
    });
    let spread = centred(rows, &mean) * whiten.transpose();
    let (_, axes) = spectrum(&(spread.transpose() * &spread))?;
    let axes = axes.subcols(0, outputs).to_owned();
    Ok(Whitening {
        mean,
        projection: axes.transpose() * whiten,
    })
}
