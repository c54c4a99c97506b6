//! Samples of a query vote for a label.

use std::collections::BTreeMap;

use crate::retrieval::{Method, SearchOptions};
use crate::store::{StoreError, View};
use crate::{Neighbour, Rows};

use super::Queries;

/// How samples of one query voted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Votes {
    /// Labels with the number of samples whose nearest item has it, most votes first, then the lower label;
    /// `None` are votes for items without a label.
    pub votes: Vec<(Option<u32>, usize)>,
    /// Number of samples, S.
    pub samples: usize,
}

impl Votes {
    /// The label with the most votes; `None` if items without a label have them.
    pub fn winner(&self) -> Option<u32> {
        self.votes.first().and_then(|(label, _)| *label)
    }

    /// Share of the samples that voted for `label`: the confidence in it, 0 to 1.
    pub fn share(&self, label: u32) -> f64 {
        let votes = self.votes.iter();
        let count = votes
            .filter(|(voted, _)| *voted == Some(label))
            .map(|(_, count)| count)
            .sum::<usize>();
        count as f64 / self.samples as f64
    }

    fn count(labels: &[Option<u32>]) -> Self {
        let mut counts: BTreeMap<Option<u32>, usize> = BTreeMap::new();
        for label in labels {
            *counts.entry(*label).or_default() += 1;
        }
        let mut votes: Vec<_> = counts.into_iter().collect();
        // Labels of equal votes stay in their order, except that none comes last.
        votes.sort_by_key(|(label, count)| (std::cmp::Reverse(*count), label.is_none()));
        Self {
            votes,
            samples: labels.len(),
        }
    }
}

impl View {
    /// Lets the posterior's samples of each query vote for the label of their nearest item, by its mean.
    /// `samples` is `[Q, S, D]`, rows of length 1, S being `per_query`; all rows are searched at once.
    ///
    /// # Errors
    /// `per_query` is 0 or does not divide the number of rows, the rows are none of this index, or there is
    /// no item.
    pub fn search_samples(
        &self,
        samples: &[f32],
        per_query: usize,
        method: Method,
    ) -> Result<Vec<Votes>, StoreError> {
        let rows: Rows<'_> = Queries::new(samples, self.spec().dim)?.means();
        if per_query == 0 || !rows.len().is_multiple_of(per_query) {
            return Err(StoreError::wrong(format!(
                "{} samples are no whole number of queries with {per_query} samples each",
                rows.len()
            )));
        }
        if self.is_empty() {
            return Err(StoreError::wrong("there is no item to vote for"));
        }
        let options = SearchOptions {
            method,
            ..SearchOptions::exact(1)
        };
        let label = |nearest: &Neighbour| {
            let (block, row) = self.place(nearest.index)?;
            block.columns().label(row)
        };
        let nearest = self.nearest(rows, &options)?;
        let labels: Vec<Option<u32>> = nearest
            .iter()
            .map(|found| found.first().and_then(label))
            .collect();
        Ok(labels.chunks(per_query).map(Votes::count).collect())
    }
}
