//! A neighbour and the distance that ranks it.

use std::cmp::Ordering;

/// One row found for a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Row number in the database.
    pub index: u32,
    /// Squared Euclidean distance to the query, see [`squared_distance`], and the row's term if it has one.
    pub distance: f64,
}

impl Neighbour {
    /// Nearer first; equal distances by the lower row number.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then(self.index.cmp(&other.index))
    }
}

/// Squared Euclidean distance `Σ (a_i − b_i)²`, summed in `f64` from the first coordinate to the last.
/// Every engine ranks by this number and by nothing else. The shorter slice sets the length.
#[inline]
pub fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (&a, &b)| {
        let difference = f64::from(a) - f64::from(b);
        sum + difference * difference
    })
}
