//! How to search.

use crate::Ranking;

/// How items are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// All items are looked at. Queries that are searched together share the reading of the items: hundreds
    /// at once may be answered faster than by the graph.
    #[default]
    Exact,
    /// By the graph, with a walk of width `ef` (at least k is taken): for single queries, and for many
    /// items. Those added since the graph was built are looked at one by one, and all are where there is no
    /// graph.
    Approximate {
        /// More find more and take longer.
        ef: usize,
    },
}

/// What is asked of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchOptions {
    /// Items per query, at least 1.
    pub k: usize,
    /// How they are found.
    pub method: Method,
    /// How they are ordered.
    pub ranking: Ranking,
}

impl SearchOptions {
    /// The k nearest of all items.
    pub fn exact(k: usize) -> Self {
        Self {
            k,
            method: Method::Exact,
            ranking: Ranking::Distance,
        }
    }

    /// The k nearest that a walk of width `ef` finds.
    pub fn approximate(k: usize, ef: usize) -> Self {
        Self {
            method: Method::Approximate { ef },
            ..Self::exact(k)
        }
    }
}
