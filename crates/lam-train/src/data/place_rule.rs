//! Which places count as the same, as configured.

use lam_data::places::{Near, Place};
use lam_data::{DataError, PlaceDataset};
use lam_model::miner::PlaceRelation;

use crate::TrainError;
use crate::config::{Config, DatasetName};
use crate::method::place_relation;

/// In the aerial–street set a positive also looks the same way, within so many degrees.
const DAG_HEADING: f64 = 22.5;

/// Distances in metres, and the heading where it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlaceRule {
    heading_within: Option<f64>,
}

impl PlaceRule {
    pub(super) fn of(dataset: Option<DatasetName>) -> Self {
        Self {
            heading_within: (dataset == Some(DatasetName::Dag)).then_some(DAG_HEADING),
        }
    }

    /// Nearer than `metres`, and looking the same way where that counts.
    pub(super) fn near(self, metres: f64) -> Result<Near, DataError> {
        let near = Near::than(metres)?;
        match self.heading_within {
            Some(degrees) => near.facing(degrees),
            None => Ok(near),
        }
    }

    /// Who is near whom in a batch.
    pub(super) fn relation(
        self,
        places: &[Place],
        config: &Config,
    ) -> Result<PlaceRelation, TrainError> {
        place_relation(places, config, self.heading_within)
    }
}

/// Where queries and references of a training set were taken.
#[derive(Debug, Clone)]
pub(super) struct PairPlaces {
    pub queries: Vec<Place>,
    pub references: Vec<Place>,
    pub rule: PlaceRule,
}

impl PairPlaces {
    pub(super) fn of(set: &PlaceDataset, rule: PlaceRule) -> Self {
        Self {
            queries: set.query_places.clone(),
            references: set.database_places.clone(),
            rule,
        }
    }
}
