//! How a graph is built.

use crate::store::StoreError;

/// Parameters of a graph, fixed when it is built; how far a search looks is chosen for each search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraphOptions {
    /// Neighbours of an item per layer, twice as many in the lowest (M of the paper). More cost memory and
    /// time, and find more in many dimensions.
    pub connections: usize,
    /// Candidates looked at to choose them (efConstruction of the paper).
    pub candidates: usize,
    /// Inserts items from all threads at once. Faster by their number, but which graph comes out then
    /// depends on their timing; without it, the same items give the same bytes.
    pub parallel: bool,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            connections: 16,
            candidates: 128,
            parallel: false,
        }
    }
}

impl GraphOptions {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        for (what, value, range) in [
            ("connections", self.connections, 2..=128),
            ("candidates", self.candidates, 1..=100_000),
        ] {
            if !range.contains(&value) {
                return Err(StoreError::wrong(format!(
                    "a graph has {} to {} {what}, not {value}",
                    range.start(),
                    range.end()
                )));
            }
        }
        Ok(())
    }
}
