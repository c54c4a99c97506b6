//! `early_terminate`: when trials are ended early.

use super::SpecReader;
use super::scalar::{leaf, text_of};
use crate::config::{Allowed, Branch, ConfigValue, Tree};
use crate::sweep::Stopping;

const STOPPING_KEYS: [&str; 7] = [
    "type",
    "min_iter",
    "max_iter",
    "s",
    "eta",
    "strict",
    "min_trials",
];

impl SpecReader<'_> {
    pub(super) fn stopping(&mut self, branch: &Branch) -> Option<Stopping> {
        let Tree::Mapping(entries) = &branch.value else {
            self.bad(branch, "a mapping with type", None);
            return None;
        };
        self.check_keys(entries, &STOPPING_KEYS, &[], "early_terminate");
        let find = |key: &str| entries.iter().find(|entry| entry.key == key);
        let Some(kind) = find("type") else {
            self.problem(
                branch.line,
                "'early_terminate' needs a type: hyperband or median",
            );
            return None;
        };
        let before = self.problems.len();
        let [min_iter, max_iter, steps, min_trials] = ["min_iter", "max_iter", "s", "min_trials"]
            .map(|key| find(key).and_then(|entry| self.whole(entry, 1)));
        let eta = match find("eta") {
            None => 3.0,
            Some(entry) => match f64::read(&leaf(&entry.value), &Allowed::above(1.0, 100.0)) {
                Ok(eta) => eta,
                Err(nearest) => {
                    self.bad(entry, "a number greater than 1, at most 100", nearest);
                    return None;
                }
            },
        };
        if self.problems.len() > before {
            return None;
        }
        match text_of(&kind.value).as_deref() {
            Some("median") => Some(Stopping::Median {
                min_epochs: min_iter.unwrap_or(1),
                min_trials: min_trials.unwrap_or(5),
            }),
            Some("hyperband") => {
                let rungs = match (min_iter, max_iter, steps) {
                    (Some(first), ..) => rungs_from(first, eta),
                    (None, Some(last), steps) => {
                        rungs_below(last, eta, steps.unwrap_or(usize::MAX))
                    }
                    (None, None, _) => {
                        self.problem(
                            kind.line,
                            "hyperband needs min_iter, the epochs of its first rung, or max_iter with s",
                        );
                        return None;
                    }
                };
                Some(Stopping::Hyperband { rungs, eta })
            }
            _ => {
                self.bad(kind, "one of hyperband, median", None);
                None
            }
        }
    }
}

/// min_iter · eta^k, as far as epochs go.
fn rungs_from(first: usize, eta: f64) -> Vec<usize> {
    let mut rungs: Vec<usize> = Vec::new();
    let mut rung = first as f64;
    while rung < 1e6 {
        let whole = rung.round() as usize;
        if rungs.last() != Some(&whole) {
            rungs.push(whole);
        }
        rung *= eta;
    }
    rungs
}

/// max_iter / eta^k for k = 1 … s, from one epoch on.
fn rungs_below(last: usize, eta: f64, steps: usize) -> Vec<usize> {
    let mut rungs: Vec<usize> = Vec::new();
    let mut rung = last as f64 / eta;
    while rung >= 1.0 && rungs.len() < steps {
        rungs.push(rung.floor() as usize);
        rung /= eta;
    }
    rungs.reverse();
    rungs.dedup();
    rungs
}
