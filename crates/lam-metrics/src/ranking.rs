//! Areas under the ROC and precision-recall curves.

use crate::MetricError;

/// Scores of two kinds in one order, highest first; equal scores are one step of every curve.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryRanking {
    steps: Vec<Step>,
    positives: u64,
    negatives: u64,
}

/// Everything that scores at least `threshold`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    threshold: f64,
    positives: u64,
    negatives: u64,
}

/// Points of a curve in the order of falling thresholds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Horizontal axis: false-positive rate, or recall.
    pub x: Vec<f64>,
    /// Vertical axis: true-positive rate, or precision.
    pub y: Vec<f64>,
    /// Lowest score that counts as positive at this point; infinite at the first one.
    pub thresholds: Vec<f64>,
}

impl BinaryRanking {
    /// Ranks scores; a good score is high for positives (out-of-distribution images, say).
    ///
    /// # Errors
    /// There are no positives, no negatives, or a score is NaN.
    pub fn new(negatives: &[f64], positives: &[f64]) -> Result<Self, MetricError> {
        if negatives.is_empty() || positives.is_empty() {
            return Err(MetricError::OneKind {
                positives: positives.len(),
                negatives: negatives.len(),
            });
        }
        for (what, scores) in [
            ("scores of negatives", negatives),
            ("scores of positives", positives),
        ] {
            if let Some(index) = scores.iter().position(|score| score.is_nan()) {
                return Err(MetricError::NotFinite {
                    what,
                    index,
                    value: f64::NAN,
                });
            }
        }
        let labelled = |scores: &[f64], positive| {
            scores
                .iter()
                .map(|&score| (score, positive))
                .collect::<Vec<_>>()
        };
        let mut all = labelled(negatives, false);
        all.extend(labelled(positives, true));
        all.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut steps = Vec::new();
        let (mut above_positives, mut above_negatives) = (0, 0);
        // Not by the total order: it tells -0 from 0.
        for tied in all.chunk_by(|a, b| a.0 == b.0) {
            let positive = tied.iter().filter(|(_, positive)| *positive).count() as u64;
            above_positives += positive;
            above_negatives += tied.len() as u64 - positive;
            steps.push(Step {
                threshold: tied[0].0,
                positives: above_positives,
                negatives: above_negatives,
            });
        }
        Ok(Self {
            steps,
            positives: above_positives,
            negatives: above_negatives,
        })
    }

    /// Area under the ROC curve: the chance that a positive scores above a negative, ties counting
    /// half (the rank statistic with midranks).
    pub fn auroc(&self) -> f64 {
        let (mut before_positives, mut before_negatives) = (0, 0);
        let mut doubled = 0_u128;
        for step in &self.steps {
            doubled += u128::from(step.negatives - before_negatives)
                * u128::from(step.positives + before_positives);
            (before_positives, before_negatives) = (step.positives, step.negatives);
        }
        doubled as f64 / 2.0 / (self.positives as f64 * self.negatives as f64)
    }

    /// Average precision, `Σ (R_n − R_{n−1}) P_n` over the steps: our AUPRC.
    pub fn average_precision(&self) -> f64 {
        let mut before = 0;
        let mut sum = 0.0;
        for step in &self.steps {
            sum += (step.positives - before) as f64 * precision(step);
            before = step.positives;
        }
        sum / self.positives as f64
    }

    /// Area under the precision-recall curve by trapezoids, from recall 0 at precision 1. Straight
    /// lines between the points are optimistic; it stands here because others report it.
    pub fn auprc_trapezoid(&self) -> f64 {
        let (mut before, mut before_precision) = (0, 1.0);
        let mut sum = 0.0;
        for step in &self.steps {
            let precision = precision(step);
            sum += (step.positives - before) as f64 * (before_precision + precision) / 2.0;
            (before, before_precision) = (step.positives, precision);
        }
        sum / self.positives as f64
    }

    /// The ROC curve, from (0, 0) to (1, 1), thinned to at most `max_points` (but at least 2).
    pub fn roc_curve(&self, max_points: usize) -> Curve {
        self.curve(max_points, (0.0, 0.0), |step| {
            (
                step.negatives as f64 / self.negatives as f64,
                step.positives as f64 / self.positives as f64,
            )
        })
    }

    /// The precision-recall curve, from recall 0 (precision 1 by convention) to recall 1, thinned to
    /// at most `max_points` (but at least 2).
    pub fn precision_recall_curve(&self, max_points: usize) -> Curve {
        self.curve(max_points, (0.0, 1.0), |step| {
            (
                step.positives as f64 / self.positives as f64,
                precision(step),
            )
        })
    }

    fn curve(
        &self,
        max_points: usize,
        origin: (f64, f64),
        point: impl Fn(&Step) -> (f64, f64),
    ) -> Curve {
        let mut curve = Curve {
            x: vec![origin.0],
            y: vec![origin.1],
            thresholds: vec![f64::INFINITY],
        };
        // Evenly spaced steps, the last one always among them.
        let kept = max_points.saturating_sub(1).clamp(1, self.steps.len());
        for i in 1..=kept {
            let step = &self.steps[i * self.steps.len() / kept - 1];
            let (x, y) = point(step);
            curve.x.push(x);
            curve.y.push(y);
            curve.thresholds.push(step.threshold);
        }
        curve
    }
}

fn precision(step: &Step) -> f64 {
    step.positives as f64 / (step.positives + step.negatives) as f64
}
