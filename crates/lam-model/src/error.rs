//! What can go wrong with a model.

use thiserror::Error;

/// An error of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The images do not have the size that any backbone of this crate is made for.
    #[error(
        "no backbone named '{arch}' for images of {channels}×{height}×{width}: 'linear' takes 1×28×28 and 3×32×32"
    )]
    NoBackbone {
        /// The configured architecture.
        arch: String,
        /// Channels of an image.
        channels: usize,
        /// Rows of an image.
        height: usize,
        /// Columns of an image.
        width: usize,
    },
    /// A set of weights does not fit the model.
    #[error("the weights do not fit the model: {}", .0.join("; "))]
    StateMismatch(
        /// One sentence per missing, unexpected or misshapen tensor.
        Vec<String>,
    ),
    /// A share of channels that cannot be left out.
    #[error("dropout of a share {0} of the channels: expected a number from 0 to below 1")]
    DropoutRate(
        /// The share.
        f64,
    ),
    /// Distances that separate nothing.
    #[error(
        "places: positives nearer than {positive_within} m (posDistThr) and negatives beyond {negative_beyond} m \
         (negDistThr): expected 0 < posDistThr ≤ negDistThr"
    )]
    PlaceThresholds {
        /// posDistThr.
        positive_within: f64,
        /// negDistThr.
        negative_beyond: f64,
    },
    /// An angle that no two headings can differ by.
    #[error(
        "places: headings of positives that differ by less than {0}°: expected an angle above 0 and up to 180"
    )]
    HeadingThreshold(
        /// In degrees.
        f64,
    ),
    /// Headings count, but are not known for all places.
    #[error(
        "a batch of {places} places with {headings} headings: positives must share their heading, so every place needs one"
    )]
    Headings {
        /// Places of the batch.
        places: usize,
        /// Headings given.
        headings: usize,
    },
    /// A place that is nowhere.
    #[error("the {what} of sample {sample} of a batch is not a finite number")]
    NotFinite {
        /// Position or heading.
        what: &'static str,
        /// Which sample.
        sample: usize,
    },
    /// A name that is not in a registry.
    #[error("unknown {kind} '{name}': one of {}", .known.join(", "))]
    UnknownName {
        /// What was looked for: a loss, a distance.
        kind: &'static str,
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
}
