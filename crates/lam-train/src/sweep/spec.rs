//! The file of a sweep, in the format of Weights & Biases.

use std::path::{Path, PathBuf};

use super::domain::Parameter;
use super::reader::SpecReader;
use super::stopping::Stopping;
use crate::config::{
    Choice, ConfigError, LineFault, Place, Problem, Warning, read_text, read_tree,
};

/// How the next trial is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchMethod {
    /// Every combination.
    Grid,
    /// Independent draws.
    Random,
    /// Tree-structured Parzen Estimator.
    Bayes,
}

impl Choice for SearchMethod {
    const WHAT: &'static str = "method of a sweep";
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Grid, "grid"),
        (Self::Random, "random"),
        (Self::Bayes, "bayes"),
    ];
    const ALSO_READ: &'static [(&'static str, Self)] = &[];
    const HINTS: &'static [(&'static str, Self)] = &[
        ("bayesian", Self::Bayes),
        ("tpe", Self::Bayes),
        ("optuna", Self::Bayes),
    ];
}

/// Which end of the metric is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The largest value.
    Maximize,
    /// The smallest value.
    Minimize,
}

impl Choice for Goal {
    const WHAT: &'static str = "goal";
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Maximize, "maximize"), (Self::Minimize, "minimize")];
    const ALSO_READ: &'static [(&'static str, Self)] =
        &[("maximise", Self::Maximize), ("minimise", Self::Minimize)];
    const HINTS: &'static [(&'static str, Self)] =
        &[("max", Self::Maximize), ("min", Self::Minimize)];
}

impl Goal {
    /// Whether `a` is better than `b`.
    pub fn better(self, a: f64, b: f64) -> bool {
        match self {
            Self::Maximize => a > b,
            Self::Minimize => a < b,
        }
    }

    /// The smaller the better.
    pub(super) fn badness(self, value: f64) -> f64 {
        match self {
            Self::Maximize => -value,
            Self::Minimize => value,
        }
    }
}

/// A sweep as its file says.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepSpec {
    /// The file.
    pub path: PathBuf,
    /// How the next trial is chosen.
    pub method: SearchMethod,
    /// The validation metric.
    pub metric: String,
    /// Which end of it is sought.
    pub goal: Goal,
    /// The base configuration, as named.
    pub config: Option<PathBuf>,
    /// What is varied, in the order of the file.
    pub parameters: Vec<Parameter>,
    /// When trials are ended early.
    pub stopping: Stopping,
    /// How many trials, if the file says so.
    pub trials: Option<usize>,
}

impl SweepSpec {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line.
    pub fn load(path: &Path) -> Result<(Self, Vec<Warning>), ConfigError> {
        let text = read_text(path).map_err(|fault| Problem {
            place: Place::File(path.to_owned()),
            fault,
        })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a file; `path` names it in messages.
    ///
    /// # Errors
    /// As [`SweepSpec::load`].
    pub fn parse(text: &str, path: &Path) -> Result<(Self, Vec<Warning>), ConfigError> {
        let branches = read_tree(text).map_err(|(line, fault): LineFault| Problem {
            place: line.map_or(Place::File(path.to_owned()), |line| {
                Place::Line(path.to_owned(), line)
            }),
            fault,
        })?;
        let mut reader = SpecReader::new(path);
        let spec = reader.sweep(&branches);
        match (spec, reader.problems.is_empty()) {
            (Some(spec), true) => Ok((spec, reader.warnings)),
            _ => Err(ConfigError {
                problems: reader.problems,
            }),
        }
    }
}
