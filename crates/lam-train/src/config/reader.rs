//! Turns raw entries into typed values, collecting what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::problem::{Fault, Place, Problem};
use super::value::Required;
use super::yaml::Node;
use super::{Allowed, ConfigValue, Origin};

/// A raw value with the place to name in messages.
pub(super) struct Raw {
    pub(super) node: Node,
    pub(super) place: Place,
    pub(super) origin: Origin,
}

/// The raw values by key, and what has been found wrong with them.
pub(super) struct Reader {
    pub(super) raw: BTreeMap<String, Raw>,
    /// Where a missing key is reported.
    pub(super) whole: Place,
    pub(super) problems: Vec<Problem>,
    /// Keys whose value could not be used.
    pub(super) broken: BTreeSet<String>,
}

impl Reader {
    /// The value of a key; none if it is absent or wrong.
    pub(super) fn read<T: ConfigValue>(&mut self, key: &str, allowed: &Allowed) -> Option<T> {
        let raw = self.raw.get(key)?;
        match T::read(&raw.node, allowed) {
            Ok(value) => Some(value),
            Err(nearest) => {
                self.problems.push(Problem {
                    place: raw.place.clone(),
                    fault: Fault::BadValue {
                        key: key.to_owned(),
                        found: raw.node.describe(),
                        expected: T::describe(allowed),
                        nearest,
                    },
                });
                self.broken.insert(key.to_owned());
                None
            }
        }
    }

    /// Stands in for a key without default, which is reported if it is absent.
    pub(super) fn required<T: Required>(&mut self, key: &str) -> T {
        if !self.raw.contains_key(key) {
            self.problems.push(Problem {
                place: self.whole.clone(),
                fault: Fault::Missing {
                    key: key.to_owned(),
                    expected: T::describe(&Allowed::ANY),
                },
            });
            self.broken.insert(key.to_owned());
        }
        T::stand_in()
    }

    /// Where a key's value came from.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.raw
            .get(key)
            .map_or(Origin::Default, |raw| raw.origin.clone())
    }
}
