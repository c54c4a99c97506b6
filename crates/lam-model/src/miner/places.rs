//! Who belongs together by where they stand.

use super::{PairRelation, Relation};
use crate::ModelError;

/// Distances in metres, and perhaps an angle, that make a pair positive or negative (method, section "Distances, miner,
/// loss", "Place recognition").
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaceThresholds {
    positive_within: f64,
    negative_beyond: f64,
    heading_within: Option<f64>,
}

impl PlaceThresholds {
    /// A positive is nearer than `positive_within` metres (posDistThr), a negative farther than `negative_beyond`
    /// (negDistThr), both strictly; what lies between is neither.
    ///
    /// # Errors
    /// [`ModelError::PlaceThresholds`] unless 0 < `positive_within` ≤ `negative_beyond` < ∞.
    pub fn new(positive_within: f64, negative_beyond: f64) -> Result<Self, ModelError> {
        if positive_within > 0.0
            && positive_within <= negative_beyond
            && negative_beyond.is_finite()
        {
            return Ok(Self {
                positive_within,
                negative_beyond,
                heading_within: None,
            });
        }
        Err(ModelError::PlaceThresholds {
            positive_within,
            negative_beyond,
        })
    }

    /// Besides, the headings of a positive differ by less than `degrees`, the short way round. A pair that is near but
    /// turned is neither.
    ///
    /// # Errors
    /// [`ModelError::HeadingThreshold`] unless 0 < `degrees` ≤ 180.
    pub fn with_heading_within(mut self, degrees: f64) -> Result<Self, ModelError> {
        if !(degrees > 0.0 && degrees <= 180.0) {
            return Err(ModelError::HeadingThreshold(degrees));
        }
        self.heading_within = Some(degrees);
        Ok(self)
    }
}

/// A batch of places: near → positive, far → negative.
#[derive(Debug, Clone)]
pub struct PlaceRelation {
    positions: Vec<[f64; 2]>,
    headings: Vec<f64>,
    thresholds: PlaceThresholds,
}

impl PlaceRelation {
    /// From the positions `[B]` of a batch, easting and northing in metres, and the headings `[B]` in degrees; those
    /// may be empty where the thresholds do not ask for them.
    ///
    /// # Errors
    /// [`ModelError::NotFinite`] for a position or heading that is not finite; [`ModelError::Headings`] unless there
    /// are as many headings as positions, where they count.
    pub fn new(
        positions: Vec<[f64; 2]>,
        headings: Vec<f64>,
        thresholds: PlaceThresholds,
    ) -> Result<Self, ModelError> {
        if thresholds.heading_within.is_some() && headings.len() != positions.len() {
            return Err(ModelError::Headings {
                places: positions.len(),
                headings: headings.len(),
            });
        }
        let mut values = positions.iter().map(|at| at[0] + at[1]);
        if let Some(sample) = values.position(|value| !value.is_finite()) {
            return Err(ModelError::NotFinite {
                what: "position",
                sample,
            });
        }
        if let Some(sample) = headings.iter().position(|value| !value.is_finite()) {
            return Err(ModelError::NotFinite {
                what: "heading",
                sample,
            });
        }
        Ok(Self {
            positions,
            headings,
            thresholds,
        })
    }

    fn look_the_same_way(&self, anchor: usize, other: usize) -> bool {
        self.thresholds.heading_within.is_none_or(|degrees| {
            let turn = (self.headings[anchor] - self.headings[other]).rem_euclid(360.0);
            turn.min(360.0 - turn) < degrees
        })
    }
}

impl PairRelation for PlaceRelation {
    fn batch(&self) -> usize {
        self.positions.len()
    }

    fn between(&self, anchor: usize, other: usize) -> Relation {
        let [[x, y], [other_x, other_y]] = [self.positions[anchor], self.positions[other]];
        let (east, north) = (x - other_x, y - other_y);
        let square = east * east + north * north;
        let beyond = self.thresholds.negative_beyond;
        let within = self.thresholds.positive_within;
        if square > beyond * beyond {
            Relation::Negative
        } else if square < within * within
            && anchor != other
            && self.look_the_same_way(anchor, other)
        {
            Relation::Positive
        } else {
            Relation::Neither
        }
    }
}
