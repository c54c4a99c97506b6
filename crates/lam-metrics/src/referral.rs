//! R-AUROC: does uncertainty find the mistakes?

use crate::error::check_length;
use crate::{BinaryRanking, MetricError};

/// AUROC of the query's uncertainty for "its nearest neighbour is wrong" (Kirchhof et al., URL: A
/// Representation Learning Benchmark for Transferable Uncertainty Estimates, section 3.2).
/// `uncertainty` and `correct` are `[Q]`.
///
/// # Errors
/// The lengths differ, an uncertainty is NaN, or the neighbours are all right or all wrong.
pub fn r_auroc(uncertainty: &[f64], correct: &[bool]) -> Result<f64, MetricError> {
    check_length(
        "correctness of neighbours",
        uncertainty.len(),
        correct.len(),
    )?;
    let of = |wanted: bool| -> Vec<f64> {
        uncertainty
            .iter()
            .zip(correct)
            .filter(|&(_, &correct)| correct == wanted)
            .map(|(&uncertainty, _)| uncertainty)
            .collect()
    };
    Ok(BinaryRanking::new(&of(true), &of(false))?.auroc())
}
