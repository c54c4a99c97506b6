//! Whitening by principal components.

use faer::Mat;

use super::Whitening;
use super::fit::{centred, checked, checked_outputs, mean, wrong};
use super::symmetric::{FLOOR, spectrum};
use crate::ModelError;

/// The whitening after which the rows have mean 0 and covariance I, reduced to the `outputs` (D) directions of largest
/// variance (Jégou and Chum, ECCV 2012).
///
/// # Shapes
/// - `rows`: `[N, F]`, `inputs`: F
///
/// # Errors
/// [`ModelError::Whitening`] where the rows do not vary in that many directions, or are not finite.
pub fn pca(rows: &[f64], inputs: usize, outputs: usize) -> Result<Whitening, ModelError> {
    let rows = checked(rows, inputs)?;
    checked_outputs(outputs, inputs)?;
    let mean = mean(rows, 0..rows.nrows());
    let centred = centred(rows, &mean);
    let count = rows.nrows().max(1) as f64;
    let covariance = centred.transpose() * &centred * faer::Scale(1.0 / count);
    let (values, vectors) = spectrum(&covariance)?;
    let floor = values.first().map_or(0.0, |largest| largest * FLOOR);
    let varying = values.iter().take_while(|v| **v > floor).count();
    if varying < outputs {
        return Err(wrong(format!(
            "{} embeddings vary in {varying} directions, {outputs} were asked for",
            rows.nrows()
        )));
    }
    let projection = Mat::from_fn(outputs, inputs, |i, j| vectors[(j, i)] / values[i].sqrt());
    Ok(Whitening { mean, projection })
}
