//! recall@k, map@k and MAP@R.

use crate::MetricError;
use crate::unit_sum::UnitSum;

/// Ranks at which retrieval is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cutoffs {
    recall: Vec<usize>,
    map: Vec<usize>,
}

impl Default for Cutoffs {
    /// recall@{1,5,10,20} and map@{5,10,20}, those of the paper.
    fn default() -> Self {
        Self {
            recall: vec![1, 5, 10, 20],
            map: vec![5, 10, 20],
        }
    }
}

impl Cutoffs {
    /// Sorts the ranks and drops repeated ones.
    ///
    /// # Errors
    /// A rank is 0.
    pub fn new(mut recall: Vec<usize>, mut map: Vec<usize>) -> Result<Self, MetricError> {
        for ranks in [&mut recall, &mut map] {
            ranks.sort_unstable();
            ranks.dedup();
            if ranks.first() == Some(&0) {
                return Err(MetricError::ZeroCutoff);
            }
        }
        Ok(Self { recall, map })
    }

    /// Ranks of recall, increasing.
    pub fn recall(&self) -> &[usize] {
        &self.recall
    }

    /// Ranks of mean average precision, increasing.
    pub fn map(&self) -> &[usize] {
        &self.map
    }

    /// The last rank that any metric but MAP@R looks at; at least 1.
    pub fn last(&self) -> usize {
        let last = |ranks: &[usize]| ranks.last().copied().unwrap_or(1);
        last(&self.recall).max(last(&self.map))
    }
}

/// What one query contributes.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryScore {
    /// Rank of the first positive, counted from 0, if any was found.
    pub first_positive: Option<usize>,
    /// Average precision at each rank of [`Cutoffs::map`].
    pub average_precision: Vec<f64>,
    /// Average precision at R, the number of positives.
    pub average_precision_at_r: f64,
}

impl QueryScore {
    /// Scores one query by the flags of its ranked list (`true` where the item is a positive) and the
    /// number of its positives in the database. `None` if that is 0: there is nothing to find.
    ///
    /// Average precision at k is `Σ_{i ≤ k, i positive} precision@i / min(positives, k)`. The list must
    /// be as long as [`Cutoffs::last`] and the number of positives, or hold the whole database.
    ///
    /// # Errors
    /// The list is shorter than the number of positives, or holds more positives than there are.
    pub fn new(
        flags: &[bool],
        positives: usize,
        cutoffs: &Cutoffs,
    ) -> Result<Option<Self>, MetricError> {
        let mut found = 0_usize;
        let mut precisions = 0.0;
        let mut first_positive = None;
        let mut average_precision = Vec::with_capacity(cutoffs.map.len());
        let mut at_r = None;
        let mut next = cutoffs.map.iter().copied().peekable();
        for (place, &flag) in flags.iter().enumerate() {
            let rank = place + 1;
            if flag {
                found += 1;
                precisions += found as f64 / rank as f64;
                first_positive = first_positive.or(Some(place));
            }
            if let Some(k) = next.next_if_eq(&rank) {
                average_precision.push(precisions / positives.min(k) as f64);
            }
            if rank == positives {
                at_r = Some(precisions / positives as f64);
            }
        }
        if found > positives {
            return Err(MetricError::TooManyPositives { found, positives });
        }
        if positives == 0 {
            return Ok(None);
        }
        let average_precision_at_r = at_r.ok_or(MetricError::TooFewRanks {
            given: flags.len(),
            positives,
        })?;
        // The database ended before these ranks.
        average_precision.extend(next.map(|k| precisions / positives.min(k) as f64));
        Ok(Some(Self {
            first_positive,
            average_precision,
            average_precision_at_r,
        }))
    }
}

/// Gathers queries, in any order and from any number of threads: merging is exact, so the result does
/// not depend on how the queries were divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrievalAccumulator {
    cutoffs: Cutoffs,
    hits: Vec<u64>,
    average_precision: Vec<UnitSum>,
    average_precision_at_r: UnitSum,
    scored: u64,
    without_positives: u64,
}

impl RetrievalAccumulator {
    /// An accumulator of no queries.
    pub fn new(cutoffs: Cutoffs) -> Self {
        Self {
            hits: vec![0; cutoffs.recall.len()],
            average_precision: vec![UnitSum::default(); cutoffs.map.len()],
            average_precision_at_r: UnitSum::default(),
            scored: 0,
            without_positives: 0,
            cutoffs,
        }
    }

    /// Scores and adds one query, see [`QueryScore::new`].
    ///
    /// # Errors
    /// As [`QueryScore::new`].
    pub fn add(&mut self, flags: &[bool], positives: usize) -> Result<(), MetricError> {
        let score = QueryScore::new(flags, positives, &self.cutoffs)?;
        self.add_score(score.as_ref())
    }

    /// Adds one query that was scored with the same cut-offs; `None` is one without positives.
    ///
    /// # Errors
    /// The score has another number of cut-offs.
    pub fn add_score(&mut self, score: Option<&QueryScore>) -> Result<(), MetricError> {
        let Some(score) = score else {
            self.without_positives += 1;
            return Ok(());
        };
        if score.average_precision.len() != self.average_precision.len() {
            return Err(MetricError::DifferentCutoffs);
        }
        self.scored += 1;
        for (hits, &k) in self.hits.iter_mut().zip(&self.cutoffs.recall) {
            *hits += u64::from(score.first_positive.is_some_and(|place| place < k));
        }
        for (sum, &value) in self
            .average_precision
            .iter_mut()
            .zip(&score.average_precision)
        {
            sum.add(value);
        }
        self.average_precision_at_r
            .add(score.average_precision_at_r);
        Ok(())
    }

    /// Adds the queries of another accumulator.
    ///
    /// # Errors
    /// The other one has different cut-offs.
    pub fn merge(&mut self, other: &Self) -> Result<(), MetricError> {
        if self.cutoffs != other.cutoffs {
            return Err(MetricError::DifferentCutoffs);
        }
        for (hits, other) in self.hits.iter_mut().zip(&other.hits) {
            *hits += other;
        }
        for (sum, &other) in self
            .average_precision
            .iter_mut()
            .zip(&other.average_precision)
        {
            sum.merge(other);
        }
        self.average_precision_at_r
            .merge(other.average_precision_at_r);
        self.scored += other.scored;
        self.without_positives += other.without_positives;
        Ok(())
    }

    /// The means over all queries that have positives.
    ///
    /// # Errors
    /// No query has.
    pub fn summary(&self) -> Result<RetrievalSummary, MetricError> {
        if self.scored == 0 {
            return Err(MetricError::NoPositives {
                queries: self.without_positives as usize,
            });
        }
        let share = |hits: u64| hits as f64 / self.scored as f64;
        let pair = |(&k, value)| (k, value);
        Ok(RetrievalSummary {
            recall: self
                .cutoffs
                .recall
                .iter()
                .zip(self.hits.iter().map(|&hits| share(hits)))
                .map(pair)
                .collect(),
            map: self
                .cutoffs
                .map
                .iter()
                .zip(
                    self.average_precision
                        .iter()
                        .map(|sum| sum.mean(self.scored)),
                )
                .map(pair)
                .collect(),
            map_at_r: self.average_precision_at_r.mean(self.scored),
            queries: self.scored,
            queries_without_positives: self.without_positives,
        })
    }
}

/// Retrieval over all queries that have at least one positive.
#[derive(Debug, Clone, PartialEq)]
pub struct RetrievalSummary {
    /// `(k, recall@k)`: share of queries with a positive among the k nearest.
    pub recall: Vec<(usize, f64)>,
    /// `(k, map@k)`: mean average precision at k.
    pub map: Vec<(usize, f64)>,
    /// Mean average precision at R, the number of positives of each query (Musgrave et al., A Metric
    /// Learning Reality Check, section 3.2).
    pub map_at_r: f64,
    /// Queries that count.
    pub queries: u64,
    /// Queries left out because the database holds no positive for them.
    pub queries_without_positives: u64,
}
