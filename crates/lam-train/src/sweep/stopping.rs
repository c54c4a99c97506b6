//! When a trial is hopeless.

use super::history::Validation;
use super::spec::Goal;

/// A rule that ends trials early.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stopping {
    /// None is ended.
    #[default]
    Never,
    /// A trial ends where its value is worse than the median of the values that earlier trials had at that epoch
    /// (Golovin et al., "Google Vizier", KDD 2017, section 3.2.2).
    Median {
        /// No trial ends before this many epochs.
        min_epochs: usize,
        /// Nor before this many earlier trials came so far.
        min_trials: usize,
    },
    /// Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020):
    /// at each rung a trial goes on if it is among the best 1/eta of those that reached the rung.
    Hyperband {
        /// Epochs of the rungs, ascending.
        rungs: Vec<usize>,
        /// The factor between rungs.
        eta: f64,
    },
}

impl Stopping {
    /// Whether a trial with this history ends after its last validation. `others` are the histories of earlier trials, those
    /// that were ended included.
    pub fn ends(&self, goal: Goal, own: &[Validation], others: &[&[Validation]]) -> bool {
        let Some(last) = own.last() else {
            return false;
        };
        match self {
            Self::Never => false,
            Self::Median {
                min_epochs,
                min_trials,
            } => {
                let mut values: Vec<f64> = others
                    .iter()
                    .filter_map(|other| value_at(other, last.epoch))
                    .collect();
                if last.epoch < *min_epochs || values.len() < (*min_trials).max(1) {
                    return false;
                }
                values.sort_by(f64::total_cmp);
                let middle = values.len() / 2;
                let median = if values.len() % 2 == 1 {
                    values[middle]
                } else {
                    f64::midpoint(values[middle - 1], values[middle])
                };
                last.kept.is_nan() || goal.better(median, last.kept)
            }
            Self::Hyperband { rungs, eta } => {
                let before = own.len().checked_sub(2).map_or(0, |i| own[i].epoch);
                // Validations may skip epochs, and with them several rungs: the last one counts.
                let crossed = rungs
                    .iter()
                    .filter(|&&rung| before < rung && rung <= last.epoch);
                let Some(&rung) = crossed.max() else {
                    return false;
                };
                if last.kept.is_nan() {
                    return true;
                }
                let values: Vec<f64> = others
                    .iter()
                    .filter_map(|other| value_at(other, rung))
                    .collect();
                let better = values
                    .iter()
                    .filter(|&&x| goal.better(x, last.kept))
                    .count();
                let places = ((values.len() + 1) as f64 / eta).ceil();
                better as f64 >= places
            }
        }
    }
}

/// The value at the first validation that is not before an epoch; none where the trial did not come so far.
fn value_at(history: &[Validation], epoch: usize) -> Option<f64> {
    history
        .iter()
        .find(|validation| validation.epoch >= epoch)
        .map(|validation| validation.kept)
        .filter(|value| !value.is_nan())
}
