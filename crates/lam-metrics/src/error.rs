//! Why a metric has no value.

use lam_search::SearchError;
use thiserror::Error;

/// Reasons why a metric is not defined for its input.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MetricError {
    /// The search for neighbours refused its input.
    #[error("neighbours: {0}")]
    Search(#[from] SearchError),
    /// Two inputs that belong together differ in length.
    #[error("{what}: expected {expected} values, found {found}")]
    Length {
        /// The input at fault.
        what: &'static str,
        /// Length that the other inputs ask for.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// Nothing to compute from.
    #[error("{what}: there are no values")]
    Empty {
        /// The input at fault.
        what: &'static str,
    },
    /// A neighbour needs a second image.
    #[error("{images} image(s) are too few: a nearest neighbour needs at least 2")]
    TooFewImages {
        /// Images given.
        images: usize,
    },
    /// NaN, or infinity where that has no meaning.
    #[error("{what}: value {index} is {value}")]
    NotFinite {
        /// The input at fault.
        what: &'static str,
        /// Position in it.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A share outside of 0 to 1.
    #[error("{what}: value {index} is {value}, not within 0 to 1")]
    NotAShare {
        /// The input at fault.
        what: &'static str,
        /// Position in it.
        index: usize,
        /// The value.
        value: f64,
    },
    /// Areas under ROC and precision-recall curves need both kinds.
    #[error(
        "a ranking needs positives and negatives, but there are {positives} positives and {negatives} negatives"
    )]
    OneKind {
        /// Number of positives.
        positives: usize,
        /// Number of negatives.
        negatives: usize,
    },
    /// Retrieval is measured over queries that can succeed.
    #[error("none of the {queries} queries has a positive in the database")]
    NoPositives {
        /// Queries seen.
        queries: usize,
    },
    /// The ranked list ends before MAP@R is decided.
    #[error("the ranked list has {given} places, but its query has {positives} positives")]
    TooFewRanks {
        /// Length of the ranked list.
        given: usize,
        /// Positives of the query.
        positives: usize,
    },
    /// The ranked list holds more positives than there are.
    #[error("the ranked list holds {found} positives, but its query has only {positives}")]
    TooManyPositives {
        /// Positives in the ranked list.
        found: usize,
        /// Positives of the query.
        positives: usize,
    },
    /// Ranks are counted from 1.
    #[error("cut-offs must be at least 1")]
    ZeroCutoff,
    /// Only accumulators of the same metrics can be merged.
    #[error("accumulators with different cut-offs cannot be merged")]
    DifferentCutoffs,
    /// A risk or a level of confidence that asks for nothing or for the impossible.
    #[error("{what} is {value}, but must lie between 0 and 1, both excluded")]
    NotBetween {
        /// The number at fault.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A vote needs a sample.
    #[error("no weight samples were added")]
    NoSamples,
}

/// `found` values where the other inputs ask for `expected`.
pub(crate) fn check_length(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), MetricError> {
    if expected == found {
        Ok(())
    } else {
        Err(MetricError::Length {
            what,
            expected,
            found,
        })
    }
}

/// No NaN and no infinity.
pub(crate) fn check_finite(what: &'static str, values: &[f64]) -> Result<(), MetricError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(MetricError::NotFinite {
            what,
            index,
            value: values[index],
        }),
    }
}

/// A value within 0 to 1.
pub(crate) fn check_share(what: &'static str, index: usize, value: f64) -> Result<(), MetricError> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(MetricError::NotAShare { what, index, value })
    }
}
