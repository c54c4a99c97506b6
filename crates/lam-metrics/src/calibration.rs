//! ECE: does confidence say how often the model is right?

use crate::MetricError;
use crate::error::{check_length, check_share};

/// Bins of equal width between 0 and 1.
const BINS: usize = 10;

/// One bar of the reliability diagram: confidences from `lower` to below `upper`, the last bin with its
/// upper end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Lower end, included.
    pub lower: f64,
    /// Upper end, excluded but for the last bin.
    pub upper: f64,
    /// Predictions in the bin.
    pub count: usize,
    /// Their mean confidence; 0 in an empty bin.
    pub mean_confidence: f64,
    /// Share of right ones; 0 in an empty bin.
    pub accuracy: f64,
}

/// Expected calibration error with its diagram.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Ten bins, a confidence of exactly 1 in the last one.
    pub bins: Vec<Bin>,
    /// `Σ count/N · |accuracy − mean confidence|` over the bins.
    pub ece: f64,
    /// The same without the predictions of confidence exactly 1, as the released code computes it: its
    /// last bin is open, and the weights are of those that remain. `None` if none remains.
    pub ece_open_last_bin: Option<f64>,
    /// Share of predictions that the open last bin leaves out.
    pub open_last_bin_drops: f64,
}

impl Calibration {
    /// `confidence` `[N]` within 0 to 1, and whether each prediction is right, `[N]`.
    ///
    /// # Errors
    /// There are no predictions, the lengths differ, or a confidence is not within 0 to 1.
    pub fn new(confidence: &[f64], correct: &[bool]) -> Result<Self, MetricError> {
        check_length(
            "correctness of predictions",
            confidence.len(),
            correct.len(),
        )?;
        if confidence.is_empty() {
            return Err(MetricError::Empty {
                what: "calibration",
            });
        }
        let mut closed = [Sums::default(); BINS];
        let mut open = [Sums::default(); BINS];
        for (index, (&confidence, &correct)) in confidence.iter().zip(correct).enumerate() {
            check_share("confidence", index, confidence)?;
            // For a share of votes on the border k/10 of two bins, the product is exactly k.
            let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
            closed[bin].add(confidence, correct);
            if confidence < 1.0 {
                open[bin].add(confidence, correct);
            }
        }
        let remaining: usize = open.iter().map(|sums| sums.count).sum();
        let all = confidence.len();
        Ok(Self {
            bins: closed
                .iter()
                .enumerate()
                .map(|(number, sums)| sums.bin(number))
                .collect(),
            ece: expected_error(&closed, all),
            ece_open_last_bin: (remaining > 0).then(|| expected_error(&open, remaining)),
            open_last_bin_drops: (all - remaining) as f64 / all as f64,
        })
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: usize,
    right: usize,
    confidence: f64,
}

impl Sums {
    fn add(&mut self, confidence: f64, correct: bool) {
        self.count += 1;
        self.right += usize::from(correct);
        self.confidence += confidence;
    }

    fn bin(&self, number: usize) -> Bin {
        let count = self.count.max(1) as f64;
        Bin {
            lower: number as f64 / BINS as f64,
            upper: (number + 1) as f64 / BINS as f64,
            count: self.count,
            mean_confidence: self.confidence / count,
            accuracy: self.right as f64 / count,
        }
    }
}

fn expected_error(bins: &[Sums], all: usize) -> f64 {
    let gap = |sums: &Sums| (sums.right as f64 - sums.confidence).abs();
    bins.iter().map(gap).sum::<f64>() / all as f64
}
