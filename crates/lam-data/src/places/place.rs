//! Where a picture was taken.

use crate::DataError;

/// Position of a camera on a plane map, and where it looked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Metres to the east, UTM or any other plane grid.
    pub easting: f64,
    /// Metres to the north, in the same grid.
    pub northing: f64,
    /// Direction of view in degrees, clockwise from north; any turn of 360 means the same.
    pub heading: Option<f64>,
}

impl Place {
    /// Largest magnitude of a coordinate, in metres; the earth is 4e7 around.
    pub const MAX_METRES: f64 = 1e9;

    /// Refuses what is no place; `number` is its position among the `set` ("queries", say), for the message.
    ///
    /// # Errors
    /// [`DataError::NoPlace`] if a coordinate is not finite or beyond [`Place::MAX_METRES`], or the heading not finite.
    pub fn check(&self, set: &'static str, number: usize) -> Result<(), DataError> {
        let within = |value: f64| value.abs() <= Self::MAX_METRES;
        let heading = self.heading.unwrap_or(0.0);
        let (field, value) = if !within(self.easting) {
            ("easting", self.easting)
        } else if !within(self.northing) {
            ("northing", self.northing)
        } else if !heading.is_finite() {
            ("heading", heading)
        } else {
            return Ok(());
        };
        Err(DataError::NoPlace {
            set,
            number,
            field,
            value,
        })
    }

    /// Square of the distance to another place, in square metres.
    ///
    /// Each operation rounds monotonically, which the search of neighbours relies on: whoever differs more in either
    /// coordinate never comes out nearer.
    #[inline]
    pub(super) fn squared_distance(&self, other: &Self) -> f64 {
        let (east, north) = (self.easting - other.easting, self.northing - other.northing);
        east * east + north * north
    }
}

/// How far two headings differ, 0 to 180 degrees.
pub(super) fn turn(a: f64, b: f64) -> f64 {
    let turn = (a - b).rem_euclid(360.0);
    turn.min(360.0 - turn)
}
