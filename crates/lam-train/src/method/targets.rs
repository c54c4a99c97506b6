//! What tells the positives of a batch from its negatives.

use lam_data::places::Place;
use lam_model::miner::{
    PairRelation, PlaceRelation, PlaceThresholds, QueryDatabaseSplit, Relation,
};

use crate::TrainError;
use crate::config::Config;

/// Labels or places of a batch of B images.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a> {
    /// The class of each image, `[B]`.
    Labels(&'a [u32]),
    /// Where the pictures were taken.
    Places {
        /// Who is near whom.
        places: &'a PlaceRelation,
        /// Whether the first half of the batch are queries and the second half references.
        split: bool,
    },
}

impl<'a> Targets<'a> {
    /// Places, with the batch split as `config` says.
    pub fn of_places(places: &'a PlaceRelation, config: &Config) -> Self {
        Self::Places {
            places,
            split: config.split_query_database,
        }
    }
}

impl PairRelation for Targets<'_> {
    fn batch(&self) -> usize {
        match self {
            Self::Labels(labels) => labels.batch(),
            Self::Places { places, .. } => places.batch(),
        }
    }

    fn between(&self, anchor: usize, other: usize) -> Relation {
        match *self {
            Self::Labels(labels) => labels.between(anchor, other),
            Self::Places {
                places,
                split: false,
            } => places.between(anchor, other),
            Self::Places {
                places,
                split: true,
            } => QueryDatabaseSplit(places).between(anchor, other),
        }
    }
}

/// Who is near whom in a batch `[B]` by the distances of `config`; where `heading_within` is given, positives look the
/// same way within so many degrees.
///
/// # Errors
/// Distances that separate nothing; places without the headings that count.
pub fn place_relation(
    places: &[Place],
    config: &Config,
    heading_within: Option<f64>,
) -> Result<PlaceRelation, TrainError> {
    let mut thresholds = PlaceThresholds::new(config.pos_dist_thr, config.neg_dist_thr)?;
    if let Some(degrees) = heading_within {
        thresholds = thresholds.with_heading_within(degrees)?;
    }
    let positions = places.iter().map(|place| [place.easting, place.northing]);
    let headings = places.iter().filter_map(|place| place.heading);
    Ok(PlaceRelation::new(
        positions.collect(),
        headings.collect(),
        thresholds,
    )?)
}
