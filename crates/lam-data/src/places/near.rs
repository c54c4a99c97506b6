//! What counts as the same place.

use super::Place;
use super::place::turn;
use crate::DataError;

/// Nearer than some metres and, if asked for, turned by less than some degrees; both strictly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    metres: f64,
    degrees: Option<f64>,
}

impl Near {
    /// Nearer than `metres`, wherever the cameras look.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] unless `metres` is above 0 and finite.
    pub fn than(metres: f64) -> Result<Self, DataError> {
        if !(metres > 0.0 && metres.is_finite()) {
            return Err(DataError::InvalidArgument {
                argument: "distance within which places are the same",
                value: metres.to_string(),
                expected: "a number of metres above 0",
            });
        }
        Ok(Self {
            metres,
            degrees: None,
        })
    }

    /// Besides, the headings differ by less than `degrees`, the short way round.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] unless 0 < `degrees` ≤ 180.
    pub fn facing(mut self, degrees: f64) -> Result<Self, DataError> {
        if !(degrees > 0.0 && degrees <= 180.0) {
            return Err(DataError::InvalidArgument {
                argument: "angle within which headings are the same",
                value: degrees.to_string(),
                expected: "a number of degrees above 0, up to 180",
            });
        }
        self.degrees = Some(degrees);
        Ok(self)
    }

    /// The radius.
    pub fn metres(&self) -> f64 {
        self.metres
    }

    /// Whether it holds between two places. Where headings count, a place without one is near to nothing.
    pub fn holds(&self, a: &Place, b: &Place) -> bool {
        a.squared_distance(b) < self.metres * self.metres
            && self.degrees.is_none_or(|degrees| {
                let headings = a.heading.zip(b.heading);
                headings.is_some_and(|(a, b)| turn(a, b) < degrees)
            })
    }

    /// Refuses places for which it is not defined; `set` names them in the message.
    ///
    /// # Errors
    /// As [`Place::check`]; [`DataError::NoHeading`] if headings count and one is missing.
    pub fn check(&self, set: &'static str, places: &[Place]) -> Result<(), DataError> {
        for (number, place) in places.iter().enumerate() {
            place.check(set, number)?;
            if self.degrees.is_some() && place.heading.is_none() {
                return Err(DataError::NoHeading { set, number });
            }
        }
        Ok(())
    }
}
