use std::path::PathBuf;

use lam_metrics::MetricError;
use lam_search::store::{Fingerprint, StoreError};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RetrieveError {
    /// An input that the model does not take.
    #[error("{0}")]
    Input(String),
    /// A vector that has no direction.
    #[error("vector {row}: {reason}")]
    Vector {
        /// Its number, from 0.
        row: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The index was made by another model.
    #[error(
        "the index holds embeddings of another model (fingerprint {index}, this model has {model}): search it with the run that it was made with, or make an index with this one"
    )]
    OtherModel {
        /// What the index says.
        index: Fingerprint,
        /// The model at hand.
        model: Fingerprint,
    },
    /// A risk is asked for but nothing is known about answers.
    #[error(
        "nothing is known about how often this index answers rightly: calibrate it first with labelled queries, lam index calibrate"
    )]
    NotCalibrated,
    /// No answer can be accepted at this risk.
    #[error(
        "no threshold keeps the risk at {risk} with confidence {confidence}: it takes at least {fewest} right answers among {queries} calibration queries; ask for a larger risk or calibrate with more queries"
    )]
    NoThreshold {
        /// Share of wrong answers allowed.
        risk: f64,
        /// Probability of keeping to it.
        confidence: f64,
        /// Flawless answers that it takes.
        fewest: usize,
        /// Those at hand.
        queries: usize,
    },
    /// Queries to calibrate with that cannot be used.
    #[error("{0}")]
    Calibration(String),
    /// A file beside the index.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The index.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A metric.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// The model failed.
    #[error("the model failed: {0}")]
    Model(String),
}
