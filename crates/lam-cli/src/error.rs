//! What ends the program early, and with which exit code.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use lam_data::DataError;
use lam_remote::RemoteError;
use lam_retrieve::RetrieveError;
use lam_search::store::StoreError;
use lam_serve::ServeError;
use lam_train::TrainError;
use lam_train::bench::BenchError;
use lam_train::config::ConfigError;
use lam_train::sweep::SweepError;

/// An error of any verb.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Training or evaluation.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Data sets.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A configuration that was only looked at.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `lam config check` found faults, which it has printed.
    #[error("{wrong} of {checked} configurations {} wrong", if *.wrong == 1 { "is" } else { "are" })]
    WrongConfigs {
        /// How many are wrong.
        wrong: usize,
        /// How many were read.
        checked: usize,
    },
    /// A comparison as a whole.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// A sweep as a whole.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// Runs of a comparison failed, and the tables say why.
    #[error("{failed} of {of} runs failed")]
    FailedRuns {
        /// How many failed.
        failed: usize,
        /// How many there are.
        of: usize,
    },
    /// `lam data check` found faults, which it has printed.
    #[error("data set '{name}' is not as it should be: {faults}")]
    FaultyData {
        /// The data set, or the path that was named.
        name: String,
        /// The faults, in a few words.
        faults: String,
    },
    /// Neither a folder was named nor is there a home.
    #[error("no folder for downloads is known, since HOME is not set: name one with --data-dir")]
    NoDownloadFolder,
    /// An index.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A search, or what it takes.
    #[error(transparent)]
    Retrieve(#[from] RetrieveError),
    /// A database.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Items that are to be removed and are not there.
    #[error("{} holds no item called {ids}; nothing was removed", index.display())]
    UnknownItems {
        /// The index.
        index: PathBuf,
        /// Their names.
        ids: String,
    },
    /// An interrupted command that had other pictures.
    #[error(
        "{}: the last picture embedded before, {id}, is not in this source: begin anew without --resume",
        out.display()
    )]
    OtherSource {
        /// The file that is written.
        out: PathBuf,
        /// The picture.
        id: String,
    },
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Standard input.
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    /// A combination of arguments that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// Standard output.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

impl CliError {
    /// 2 where the user asked for something impossible, 1 where possible work failed.
    pub fn exit_code(&self) -> ExitCode {
        let is_usage = match self {
            Self::Train(error) => error.is_usage(),
            Self::Data(error) => matches!(error, DataError::UnknownDataset { .. }),
            Self::Config(_)
            | Self::WrongConfigs { .. }
            | Self::NoDownloadFolder
            | Self::Usage(_) => true,
            Self::Retrieve(error) => matches!(
                error,
                RetrieveError::OtherModel { .. }
                    | RetrieveError::NotCalibrated
                    | RetrieveError::NoUncertainty
                    | RetrieveError::Share(_)
                    | RetrieveError::Metric(_)
            ),
            Self::Store(error) => matches!(
                error,
                StoreError::NotAnIndex { .. } | StoreError::Exists { .. }
            ),
            Self::Remote(error) => error.is_usage(),
            Self::Serve(error) => error.is_usage(),
            Self::Bench(error) => error.is_usage(),
            Self::Sweep(error) => error.is_usage(),
            Self::Output(_)
            | Self::Input(_)
            | Self::FailedRuns { .. }
            | Self::FaultyData { .. }
            | Self::UnknownItems { .. }
            | Self::OtherSource { .. } => false,
        };
        ExitCode::from(if is_usage { 2 } else { 1 })
    }

    /// Whether the reader of standard output went away, as `head` does.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The message, one entry for each thing that is wrong.
    pub fn messages(&self) -> Vec<String> {
        match self {
            Self::Config(error)
            | Self::Train(TrainError::Config(error))
            | Self::Bench(BenchError::Config(error))
            | Self::Sweep(SweepError::Config(error)) => {
                error.problems.iter().map(ToString::to_string).collect()
            }
            other => vec![other.to_string()],
        }
    }
}
