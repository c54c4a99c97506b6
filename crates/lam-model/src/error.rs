//! What can go wrong with a model.

use thiserror::Error;

use crate::backbone::{MIN_SIDE, TrunkConfig};
use crate::weights::WeightsError;

/// An error of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// No backbone of that name, or none for images of that size.
    #[error(
        "no backbone named '{arch}' for images of {channels}×{height}×{width}: linear takes 1×28×28 and 3×32×32; {} take colour images of at least {MIN_SIDE}×{MIN_SIDE}",
        TrunkConfig::names().collect::<Vec<_>>().join(", ")
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
    /// A device without bf16.
    #[error(
        "mixed precision computes in bf16, and this device does not: use --set precision=full, or --device cpu"
    )]
    NoMixedPrecision,
    /// A set of weights does not fit the model.
    #[error("the weights do not fit the model: {}", .0.join("; "))]
    StateMismatch(
        /// One sentence per missing, unexpected or misshapen tensor.
        Vec<String>,
    ),
    /// A file of weights cannot be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Embeddings that no whitening can be fitted to.
    #[error("no whitening: {0}")]
    Whitening(
        /// Why.
        String,
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
