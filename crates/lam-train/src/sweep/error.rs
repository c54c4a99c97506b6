//! What can go wrong with a sweep, besides its single trials.

use std::path::PathBuf;

use crate::TrainError;
use crate::config::ConfigError;
use crate::run::RunError;

/// An error of a sweep as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The sweep's file or a configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Files of the sweep cannot be read or written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A trial failed with what every other trial would fail with too.
    #[error(transparent)]
    Train(TrainError),
    /// A figure or the page cannot be made.
    #[error(transparent)]
    Plot(#[from] lam_plot::PlotError),
    /// No base configuration is named.
    #[error("{} names no configuration: add 'config: FILE' to it, or give --config FILE", path.display())]
    NoConfig {
        /// The sweep's file.
        path: PathBuf,
    },
    /// The named configuration is not there.
    #[error("the configuration {} of the sweep is not there; looked beside {} and in the folders above it", config.display(), sweep.display())]
    ConfigNotFound {
        /// As named.
        config: PathBuf,
        /// The sweep's file.
        sweep: PathBuf,
    },
    /// Random and Bayesian search have no end of their own.
    #[error("say how many trials to make: --trials N, or 'run_cap: N' in {}", path.display())]
    NoEnd {
        /// The sweep's file.
        path: PathBuf,
    },
    /// The trials' checkpoints and their selection would rest on the test set.
    #[error(
        "a sweep never selects on the test set: leave out 'selection: test' (it may be set for the final run)"
    )]
    TestSelection,
    /// There is nothing to validate.
    #[error(
        "a sweep compares trained models, and the configuration does not train (train: {train}, epochs: {epochs})"
    )]
    NoTraining {
        /// The key `train`.
        train: bool,
        /// The key `epochs`.
        epochs: usize,
    },
    /// The folder belongs to another sweep.
    #[error("{} holds another sweep ({what} differs): choose another folder with --out, or remove it", path.display())]
    OtherSweep {
        /// The sweep's folder.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// A validation lacks the metric.
    #[error("validation reports no '{metric}'; it reports {}", reported.join(", "))]
    NoMetric {
        /// The metric of the sweep.
        metric: String,
        /// What there is.
        reported: Vec<String>,
    },
    /// Not one trial has a value.
    #[error("none of {trials} trials has a result; the last failed with: {reason}")]
    NothingFound {
        /// How many were made.
        trials: usize,
        /// Why the last one failed.
        reason: String,
    },
}

impl SweepError {
    /// Whether the user asked for something impossible, as opposed to work that failed.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Config(_)
            | Self::NoConfig { .. }
            | Self::ConfigNotFound { .. }
            | Self::NoEnd { .. }
            | Self::TestSelection
            | Self::NoTraining { .. }
            | Self::OtherSweep { .. }
            | Self::NoMetric { .. } => true,
            Self::Train(error) => error.is_usage(),
            Self::Run(_) | Self::Plot(_) | Self::NothingFound { .. } => false,
        }
    }
}
