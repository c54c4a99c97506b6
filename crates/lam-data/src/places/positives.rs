//! The positives of queries among references.

use super::strips::Strips;
use super::{Near, Place};
use crate::DataError;

/// For every query the references that show the same place, as one list with the places where each query's part begins
/// (compressed sparse rows).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positives {
    /// `[Q + 1]`.
    begins: Vec<usize>,
    references: Vec<u32>,
}

impl Positives {
    /// Most pairs that are ever listed. Real sets have tens for each query; a set with more is not in metres.
    pub const MAX_PAIRS: usize = 1 << 28;

    /// Finds, for each of `queries`, all `references` for which `near` holds. Takes about `Q log N` and the pairs
    /// that it finds; exactly what the double loop finds.
    ///
    /// # Errors
    /// What [`Near::check`] refuses; more than [`Positives::MAX_PAIRS`] pairs, or references than 32 bits can count.
    pub fn search(queries: &[Place], references: &[Place], near: &Near) -> Result<Self, DataError> {
        near.check("queries", queries)?;
        near.check("references", references)?;
        if u32::try_from(references.len()).is_err() {
            return Err(DataError::InvalidArgument {
                argument: "number of references",
                value: references.len().to_string(),
                expected: "fewer than 2^32",
            });
        }
        let strips = Strips::new(references, near.metres());
        let mut positives = Self {
            begins: Vec::with_capacity(queries.len() + 1),
            references: Vec::new(),
        };
        positives.begins.push(0);
        for query in queries {
            strips.around(
                query,
                |reference| near.holds(query, reference),
                &mut positives.references,
            );
            if positives.references.len() > Self::MAX_PAIRS {
                return Err(DataError::TooManyNear {
                    metres: near.metres(),
                    queries: queries.len(),
                    references: references.len(),
                    limit: Self::MAX_PAIRS,
                });
            }
            positives.begins.push(positives.references.len());
        }
        Ok(positives)
    }

    /// From the positives of each query.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] if there are more than [`Positives::MAX_PAIRS`] pairs.
    pub fn listed(lists: impl Iterator<Item = Vec<u32>>) -> Result<Self, DataError> {
        let mut positives = Self {
            begins: vec![0],
            references: Vec::new(),
        };
        for mut list in lists {
            list.sort_unstable();
            positives.references.append(&mut list);
            positives.begins.push(positives.references.len());
            if positives.references.len() > Self::MAX_PAIRS {
                return Err(DataError::InvalidArgument {
                    argument: "pairs of queries and what they should find",
                    value: positives.references.len().to_string(),
                    expected: "at most 2^28",
                });
            }
        }
        Ok(positives)
    }

    /// The same queries, of which these have no positives any more.
    #[must_use]
    pub fn without(&self, queries: &[usize]) -> Self {
        let left_out: std::collections::BTreeSet<_> = queries.iter().copied().collect();
        let mut positives = Self {
            begins: vec![0],
            references: Vec::with_capacity(self.references.len()),
        };
        for query in 0..self.queries() {
            if !left_out.contains(&query) {
                positives.references.extend_from_slice(self.of(query));
            }
            positives.begins.push(positives.references.len());
        }
        positives
    }

    /// For each of `labels` the other images of the same label.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] if there are more than [`Positives::MAX_PAIRS`] pairs.
    pub fn of_same_label(labels: &[u32]) -> Result<Self, DataError> {
        let mut members = std::collections::BTreeMap::<u32, Vec<u32>>::new();
        for (index, &label) in (0..).zip(labels) {
            members.entry(label).or_default().push(index);
        }
        let pairs = members
            .values()
            .map(|class| class.len() * (class.len() - 1));
        let pairs: usize = pairs.sum();
        if pairs > Self::MAX_PAIRS {
            return Err(DataError::InvalidArgument {
                argument: "pairs of images of one class",
                value: pairs.to_string(),
                expected: "at most 2^28: pairs are for many small classes",
            });
        }
        let mut positives = Self {
            begins: vec![0],
            references: Vec::with_capacity(pairs),
        };
        for (index, label) in (0..).zip(labels) {
            let class = members.get(label).into_iter().flatten().copied();
            positives
                .references
                .extend(class.filter(|&other| other != index));
            positives.begins.push(positives.references.len());
        }
        Ok(positives)
    }

    /// Number of queries, Q.
    pub fn queries(&self) -> usize {
        self.begins.len() - 1
    }

    /// Number of pairs.
    pub fn pairs(&self) -> usize {
        self.references.len()
    }

    /// The positives of a query, ascending; none of a query that does not exist.
    pub fn of(&self, query: usize) -> &[u32] {
        let part = self.begins.get(query..).and_then(|begins| match begins {
            [begin, end, ..] => self.references.get(*begin..*end),
            _ => None,
        });
        part.unwrap_or_default()
    }

    /// The positives of every query, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        (0..self.queries()).map(|query| self.of(query))
    }

    /// The queries that have a positive, ascending: those that training and evaluation are made of.
    pub fn answerable(&self) -> Vec<usize> {
        let queries = 0..self.queries();
        queries
            .filter(|&query| !self.of(query).is_empty())
            .collect()
    }
}
