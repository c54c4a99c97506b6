//! Which items of the database are right answers to a query.

use std::collections::HashMap;

use crate::MetricError;
use crate::error::check_length;

/// Decides which items are positives of a query. Where the queries are themselves the database, a
/// query is not its own positive.
pub trait Relevance: Sync {
    /// Number of queries, Q.
    fn queries(&self) -> usize;

    /// Number of items in the database, N.
    fn items(&self) -> usize;

    /// Whether the `item`-th item is a right answer to the `query`-th query.
    fn is_positive(&self, query: usize, item: usize) -> bool;

    /// How many items are.
    fn positives(&self, query: usize) -> usize;
}

/// Items with the label of the query.
#[derive(Debug, Clone)]
pub struct SameLabel<'a> {
    queries: &'a [u32],
    items: &'a [u32],
    counts: HashMap<u32, usize>,
    /// 1 where every query is an item, too.
    itself: usize,
}

impl<'a> SameLabel<'a> {
    /// The queries are the database; labels `[N]`.
    pub fn among(labels: &'a [u32]) -> Self {
        Self {
            queries: labels,
            items: labels,
            counts: count(labels),
            itself: 1,
        }
    }

    /// Query labels `[Q]` and database labels `[N]`.
    pub fn between(queries: &'a [u32], items: &'a [u32]) -> Self {
        Self {
            queries,
            items,
            counts: count(items),
            itself: 0,
        }
    }
}

fn count(labels: &[u32]) -> HashMap<u32, usize> {
    let mut counts = HashMap::new();
    for &label in labels {
        *counts.entry(label).or_insert(0) += 1;
    }
    counts
}

impl Relevance for SameLabel<'_> {
    fn queries(&self) -> usize {
        self.queries.len()
    }

    fn items(&self) -> usize {
        self.items.len()
    }

    fn is_positive(&self, query: usize, item: usize) -> bool {
        self.queries[query] == self.items[item]
    }

    fn positives(&self, query: usize) -> usize {
        let count = self.counts.get(&self.queries[query]);
        count.map_or(0, |count| count - self.itself)
    }
}

/// The positives of each query as a list of item numbers, as place-recognition sets give them.
#[derive(Debug, Clone)]
pub struct ListedPositives {
    /// Where each query's list begins, and where the last one ends `[Q + 1]`.
    begins: Vec<usize>,
    /// The lists, one after the other.
    positives: Vec<u32>,
    items: usize,
}

impl ListedPositives {
    /// One list per query `[Q]`, for a database of `items`. Order and repetitions do not matter.
    ///
    /// # Errors
    /// A list names an item that does not exist.
    pub fn new<L: AsRef<[u32]>>(
        lists: impl IntoIterator<Item = L>,
        items: usize,
    ) -> Result<Self, MetricError> {
        let mut begins = vec![0];
        let mut positives = Vec::new();
        let mut sorted = Vec::new();
        for list in lists {
            sorted.clear();
            sorted.extend_from_slice(list.as_ref());
            sorted.sort_unstable();
            sorted.dedup();
            if let Some(&last) = sorted.last() {
                check_item("database of the listed positives", last, items)?;
            }
            positives.extend_from_slice(&sorted);
            begins.push(positives.len());
        }
        Ok(Self {
            begins,
            positives,
            items,
        })
    }

    fn of(&self, query: usize) -> &[u32] {
        &self.positives[self.begins[query]..self.begins[query + 1]]
    }
}

impl Relevance for ListedPositives {
    fn queries(&self) -> usize {
        self.begins.len() - 1
    }

    fn items(&self) -> usize {
        self.items
    }

    fn is_positive(&self, query: usize, item: usize) -> bool {
        u32::try_from(item).is_ok_and(|item| self.of(query).binary_search(&item).is_ok())
    }

    fn positives(&self, query: usize) -> usize {
        self.of(query).len()
    }
}

/// As another relevance, but a query that is an item of the database is not its own positive.
pub(crate) struct OthersThanItself<'a> {
    relevance: &'a dyn Relevance,
    itself: &'a [Option<u32>],
}

impl<'a> OthersThanItself<'a> {
    /// `itself` is `[Q]`: the item that is the query, if one is.
    pub(crate) fn new(
        relevance: &'a dyn Relevance,
        itself: &'a [Option<u32>],
    ) -> Result<Self, MetricError> {
        let what = "items that are the queries themselves";
        check_length(what, relevance.queries(), itself.len())?;
        for &item in itself.iter().flatten() {
            check_item(
                "database of the queries themselves",
                item,
                relevance.items(),
            )?;
        }
        Ok(Self { relevance, itself })
    }
}

impl Relevance for OthersThanItself<'_> {
    fn queries(&self) -> usize {
        self.relevance.queries()
    }

    fn items(&self) -> usize {
        self.relevance.items()
    }

    fn is_positive(&self, query: usize, item: usize) -> bool {
        self.itself[query].is_none_or(|itself| itself as usize != item)
            && self.relevance.is_positive(query, item)
    }

    fn positives(&self, query: usize) -> usize {
        let itself = self.itself[query]
            .is_some_and(|itself| self.relevance.is_positive(query, itself as usize));
        self.relevance.positives(query) - usize::from(itself)
    }
}

/// Items for which a function of (query, item) is true, such as "within 25 metres".
#[derive(Debug, Clone)]
pub struct PositivesWhere<F> {
    is_positive: F,
    counts: Vec<usize>,
    items: usize,
}

impl<F: Fn(usize, usize) -> bool + Sync> PositivesWhere<F> {
    /// Queries that are not in the database. Asks the function once for every pair, to count.
    pub fn between(queries: usize, items: usize, is_positive: F) -> Self {
        let count = |query| (0..items).filter(|&item| is_positive(query, item)).count();
        let counts = (0..queries).map(count).collect();
        Self {
            is_positive,
            counts,
            items,
        }
    }
}

impl<F: Fn(usize, usize) -> bool + Sync> Relevance for PositivesWhere<F> {
    fn queries(&self) -> usize {
        self.counts.len()
    }

    fn items(&self) -> usize {
        self.items
    }

    fn is_positive(&self, query: usize, item: usize) -> bool {
        (self.is_positive)(query, item)
    }

    fn positives(&self, query: usize) -> usize {
        self.counts[query]
    }
}

/// The `item`-th of `items` exists.
fn check_item(what: &'static str, item: u32, items: usize) -> Result<(), MetricError> {
    if (item as usize) < items {
        return Ok(());
    }
    Err(MetricError::Length {
        what,
        expected: item as usize + 1,
        found: items,
    })
}

/// The relevance speaks of as many queries and items as there are embeddings.
pub(crate) fn check_sizes(
    relevance: &dyn Relevance,
    queries: usize,
    items: usize,
) -> Result<(), MetricError> {
    check_length(
        "labels or positives of the queries",
        queries,
        relevance.queries(),
    )?;
    check_length(
        "labels or positives of the database",
        items,
        relevance.items(),
    )
}
