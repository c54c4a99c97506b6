//! What can go wrong with a run folder.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::{ConfigError, Difference};

/// An error about a run folder or a file in it; the message names the path and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried ("write").
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another process works in the folder.
    #[error("{} is in use by another process{holder}: wait for it to end, or choose another folder", path.display())]
    Busy {
        /// The run folder.
        path: PathBuf,
        /// The process, if it is known, in brackets.
        holder: String,
    },
    /// The folder holds a run and neither overwriting nor resuming was asked for.
    #[error("{} already holds {state} run: --resume {resume_effect}, --overwrite replaces it", path.display())]
    Occupied {
        /// The run folder.
        path: PathBuf,
        /// "a finished" or "an interrupted".
        state: &'static str,
        /// What `--resume` would do.
        resume_effect: &'static str,
    },
    /// The folder holds a run of another configuration.
    #[error("{} holds a run of another configuration ({}): choose another folder, or replace it with --overwrite", path.display(), list(differences))]
    DifferentRun {
        /// The run folder.
        path: PathBuf,
        /// The keys that differ; never empty.
        differences: Vec<Difference>,
    },
    /// The folder holds files that no run made.
    #[error("{} holds '{found}' and no run: choose an empty folder", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// One of the foreign files.
        found: String,
    },
    /// No run in the folder.
    #[error("{} holds no run (no config.yaml in it)", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// The recorded configuration of a run cannot be read.
    #[error("the run's configuration cannot be read: {source}")]
    RecordedConfig {
        /// What is wrong with it.
        source: ConfigError,
    },
    /// A record that this program wrote cannot be read back.
    #[error("{}{}: {reason}", path.display(), line.map(|n| format!(":{n}")).unwrap_or_default())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, where there is one.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// Two metrics of one name.
    #[error("the metric '{name}' stands twice in one result")]
    DuplicateMetric {
        /// The name.
        name: String,
    },
}

fn list(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(Difference::to_string).collect();
    lines.join("; ")
}

impl RunError {
    /// For `map_err`: wraps the system's error with what was tried on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
