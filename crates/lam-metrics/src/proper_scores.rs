//! Scores that only an honest confidence makes small: no bins, nothing to hide behind.

use crate::MetricError;
use crate::error::{check_length, check_share};

/// Proper scores of confidences in predictions that turn out right or wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProperScores {
    /// Mean of `(confidence − right)²`; 0 is best, 0.25 is what a confidence of one half gives.
    pub brier: f64,
    /// Mean of `−ln p` of what happened; 0 is best, ln 2 what one half gives.
    pub negative_log_likelihood: f64,
}

impl ProperScores {
    /// `confidence` `[N]` are shares of `samples` votes, `correct` `[N]`.
    ///
    /// The Brier score is that of the shares. For the likelihood, half a vote is added to either side,
    /// `p = (votes + ½)/(samples + 1)` (Krichevsky and Trofimov), since a share of exactly 1 that is
    /// wrong would otherwise cost infinitely much: S samples cannot tell 1 from 1 − 1/S.
    ///
    /// # Errors
    /// There are no predictions, the lengths differ, a confidence is not within 0 to 1, or there are no
    /// samples.
    pub fn of_votes(
        confidence: &[f64],
        correct: &[bool],
        samples: usize,
    ) -> Result<Self, MetricError> {
        check_length(
            "correctness of predictions",
            confidence.len(),
            correct.len(),
        )?;
        if confidence.is_empty() {
            return Err(MetricError::Empty {
                what: "proper scores",
            });
        }
        if samples == 0 {
            return Err(MetricError::NoSamples);
        }
        let (mut squares, mut logarithms) = (0.0, 0.0);
        let votes = samples as f64;
        for (index, (&confidence, &correct)) in confidence.iter().zip(correct).enumerate() {
            check_share("confidence", index, confidence)?;
            let of_what_happened = if correct {
                confidence
            } else {
                1.0 - confidence
            };
            squares += (1.0 - of_what_happened) * (1.0 - of_what_happened);
            logarithms -= ((of_what_happened * votes + 0.5) / (votes + 1.0)).ln();
        }
        let count = confidence.len() as f64;
        Ok(Self {
            brier: squares / count,
            negative_log_likelihood: logarithms / count,
        })
    }
}
