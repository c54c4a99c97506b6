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
    /// A share of queries that cannot be asked for.
    #[error("{0} is no share of the queries: expected a number between 0 and 1, as in 0.01")]
    Share(f64),
    /// The index has no uncertainties to hold a query's against.
    #[error(
        "the items of this index have no uncertainty, so that nothing is known of what is unknown to it: make the index with a run; lam fit makes one of vectors"
    )]
    NoUncertainty,
    /// The index has too few items to say what is unknown.
    #[error(
        "{items} items cannot say which queries are more uncertain than all but {share} of their kind: it takes at least {fewest}; ask for a larger share or add items"
    )]
    FewItems {
        /// Share of known queries that may be taken for unknown ones.
        share: f64,
        /// Items at hand.
        items: usize,
        /// Items that it takes.
        fewest: usize,
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
