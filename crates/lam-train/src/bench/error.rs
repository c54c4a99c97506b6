//! What can go wrong with a comparison, besides its single runs.

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::run::RunError;

/// An error of a comparison as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Two configurations would write to one run folder.
    #[error(
        "{} and {} have the same run folder {}: give one of the files another name",
        first.display(), second.display(), folder.display()
    )]
    SameFolder {
        /// A configuration file.
        first: PathBuf,
        /// Another, or the same named twice.
        second: PathBuf,
        /// Their folder.
        folder: PathBuf,
    },
    /// Tables cannot be written, or a record not read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A figure or the page cannot be made.
    #[error(transparent)]
    Plot(#[from] lam_plot::PlotError),
}

impl BenchError {
    /// Whether the user asked for something impossible, as opposed to work that failed.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Config(_) | Self::SameFolder { .. })
    }
}
