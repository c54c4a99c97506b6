//! AUSC: accuracy as the most uncertain answers are removed.

use crate::MetricError;
use crate::error::{check_finite, check_length};

/// Points of the curve: 0 % to 98 % removed.
const POINTS: usize = 99;

/// The sparsification curve and the area under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparsification {
    /// Share of answers removed: 0.00, 0.01 … 0.98.
    pub removed: Vec<f64>,
    /// Share of right answers among those that remain.
    pub accuracy: Vec<f64>,
    /// AUSC. The trapezoid over the 99 points with the step 1/99 of the released code, so that answers
    /// that are all right give 98/99 = 0.9899 and not 1.
    pub area: f64,
}

impl Sparsification {
    /// Removes answers by falling uncertainty (equal ones in the order given): at i %, the first
    /// `⌊i·N/100⌋`. `uncertainty` and `correct` are `[N]`.
    ///
    /// # Errors
    /// There are no answers, the lengths differ, or an uncertainty is not finite.
    pub fn new(uncertainty: &[f64], correct: &[bool]) -> Result<Self, MetricError> {
        check_length("correctness of answers", uncertainty.len(), correct.len())?;
        check_finite("uncertainty of answers", uncertainty)?;
        let count = correct.len();
        if count == 0 {
            return Err(MetricError::Empty {
                what: "sparsification",
            });
        }
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| uncertainty[b].total_cmp(&uncertainty[a]));
        // right[n] = right answers left when the first n are removed.
        let mut right = vec![0_usize; count + 1];
        for n in (0..count).rev() {
            right[n] = right[n + 1] + usize::from(correct[order[n]]);
        }
        let accuracy: Vec<f64> = (0..POINTS)
            .map(|percent| {
                let gone = (count as u128 * percent as u128 / 100) as usize;
                right[gone] as f64 / (count - gone) as f64
            })
            .collect();
        let trapezoids: f64 = accuracy
            .windows(2)
            .map(|pair| (pair[0] + pair[1]) / 2.0)
            .sum();
        Ok(Self {
            removed: (0..POINTS).map(|percent| percent as f64 / 100.0).collect(),
            area: trapezoids / POINTS as f64,
            accuracy,
        })
    }
}
