//! Answers accepted up to a threshold on their uncertainty, and how many of them are wrong.

use crate::MetricError;
use crate::error::{check_finite, check_length};

/// What a threshold accepts of a number of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// All answers, n.
    pub queries: usize,
    /// Those accepted, k.
    pub accepted: usize,
    /// Wrong ones among the accepted, e.
    pub wrong: usize,
}

impl Selection {
    /// Share of the answers that is accepted, k/n.
    pub fn coverage(&self) -> f64 {
        self.accepted as f64 / self.queries.max(1) as f64
    }

    /// Share of the accepted answers that is wrong, e/k; `None` where none is accepted.
    pub fn risk(&self) -> Option<f64> {
        (self.accepted > 0).then(|| self.wrong as f64 / self.accepted as f64)
    }

    /// Share of all answers that is accepted and wrong, e/n.
    pub fn joint_risk(&self) -> f64 {
        self.wrong as f64 / self.queries.max(1) as f64
    }
}

/// What every threshold accepts: all answers whose uncertainty is at most the threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectiveCurve {
    /// One step per distinct uncertainty, ascending.
    steps: Vec<Step>,
    queries: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    threshold: f64,
    accepted: usize,
    wrong: usize,
}

impl SelectiveCurve {
    /// From the uncertainty of answers and whether each is right, `[N]` both.
    ///
    /// # Errors
    /// There are no answers, the lengths differ, or an uncertainty is not finite.
    pub fn new(uncertainty: &[f64], correct: &[bool]) -> Result<Self, MetricError> {
        check_length("correctness of answers", uncertainty.len(), correct.len())?;
        check_finite("uncertainty of answers", uncertainty)?;
        if uncertainty.is_empty() {
            return Err(MetricError::Empty {
                what: "answers to be accepted",
            });
        }
        let mut answers: Vec<(f64, bool)> = uncertainty
            .iter()
            .copied()
            .zip(correct.iter().copied())
            .collect();
        answers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (mut accepted, mut wrong) = (0, 0);
        let steps = answers.chunk_by(|a, b| a.0 == b.0).map(|tied| {
            accepted += tied.len();
            wrong += tied.iter().filter(|(_, correct)| !correct).count();
            Step {
                threshold: tied[0].0,
                accepted,
                wrong,
            }
        });
        Ok(Self {
            steps: steps.collect(),
            queries: answers.len(),
        })
    }

    /// Number of answers.
    pub fn queries(&self) -> usize {
        self.queries
    }

    /// What `threshold` accepts; infinity accepts everything.
    pub fn at(&self, threshold: f64) -> Selection {
        let below = self
            .steps
            .partition_point(|step| step.threshold <= threshold);
        let step = below.checked_sub(1).and_then(|last| self.steps.get(last));
        self.selection(step.map_or((0, 0), |step| (step.accepted, step.wrong)))
    }

    /// What nothing being accepted looks like.
    pub fn nothing(&self) -> Selection {
        self.selection((0, 0))
    }

    /// Every distinct threshold, ascending, with what it accepts.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = (f64, Selection)> {
        self.steps.iter().map(|step| {
            let counts = (step.accepted, step.wrong);
            (step.threshold, self.selection(counts))
        })
    }

    /// The risk–coverage curve by rising coverage, thinned to at most `max_points` (but at least 2).
    pub fn points(&self, max_points: usize) -> Vec<(f64, f64)> {
        let kept = max_points.max(2).min(self.steps.len());
        let points = (1..=kept).filter_map(|i| {
            let step = self.steps.get(i * self.steps.len() / kept - 1)?;
            let selection = self.selection((step.accepted, step.wrong));
            Some((selection.coverage(), selection.risk()?))
        });
        points.collect()
    }

    fn selection(&self, (accepted, wrong): (usize, usize)) -> Selection {
        Selection {
            queries: self.queries,
            accepted,
            wrong,
        }
    }
}
