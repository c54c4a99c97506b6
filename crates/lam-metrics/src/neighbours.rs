//! Queries searched among themselves or in a database, and scored by what is found.

use lam_search::{Index, Neighbour, Ranking, Rows};

use crate::relevance::{OthersThanItself, check_sizes};
use crate::{Cutoffs, MetricError, QueryScore, Relevance, RetrievalAccumulator, RetrievalSummary};

/// A query's nearest neighbour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// Item of the database.
    pub index: u32,
    /// Squared Euclidean distance to it; ranked by expected distance, with the item's own spread.
    pub distance: f64,
    /// Whether it is a positive of the query.
    pub correct: bool,
}

/// Retrieval, and the nearest neighbours it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct RetrievalEvaluation {
    /// Means over the queries.
    pub summary: RetrievalSummary,
    /// The nearest neighbour of every query `[Q]`, those without positives included.
    pub nearest: Vec<Nearest>,
}

/// Retrieves each of `embeddings` `[N, D]` among the others.
///
/// One search serves every rank: it keeps, per thread, the neighbours of a few queries at a time, up to
/// the largest number of positives.
///
/// # Errors
/// The embeddings cannot be searched, their number is not that of `relevance`, there are fewer than
/// two, or no query has positives.
pub fn evaluate_retrieval(
    embeddings: &[f32],
    dim: usize,
    relevance: &dyn Relevance,
    cutoffs: &Cutoffs,
) -> Result<RetrievalEvaluation, MetricError> {
    retrieve_among(embeddings, dim, None, relevance, cutoffs)
}

/// As [`evaluate_retrieval`], with a term of each image that is added to the squared distance to it.
pub(crate) fn retrieve_among(
    embeddings: &[f32],
    dim: usize,
    terms: Option<&[f64]>,
    relevance: &dyn Relevance,
    cutoffs: &Cutoffs,
) -> Result<RetrievalEvaluation, MetricError> {
    let rows = Rows::new(embeddings, dim)?;
    check_sizes(relevance, rows.len(), rows.len())?;
    if rows.len() < 2 {
        return Err(MetricError::TooFewImages { images: rows.len() });
    }
    let scored = Index::ranked(rows, terms)?
        .map_rows(ranks(relevance, cutoffs), |query, found| {
            score(query, found, relevance, cutoffs)
        })?;
    collect(scored, cutoffs)
}

/// Retrieves `queries` `[Q, D]` from another set, `database` `[N, D]`.
///
/// # Errors
/// As [`evaluate_retrieval`]; either set is empty.
pub fn evaluate_retrieval_between(
    queries: &[f32],
    database: &[f32],
    dim: usize,
    relevance: &dyn Relevance,
    cutoffs: &Cutoffs,
) -> Result<RetrievalEvaluation, MetricError> {
    let search = Search {
        queries,
        database,
        dim,
        itself: None,
        terms: None,
    };
    retrieve(&search, relevance, cutoffs)
}

/// What the spread `[N, D]` of the searched adds to the distance to each of them `[N]`, if anything.
pub(crate) fn ranking_terms(
    ranking: Ranking,
    sigma: Option<&[f32]>,
    dim: usize,
) -> Result<Option<Vec<f64>>, MetricError> {
    match (ranking, sigma) {
        (_, Some(sigma)) => Ok(ranking.terms(sigma, dim)),
        (Ranking::Distance, None) => Ok(None),
        (Ranking::Expected, None) => Err(MetricError::Empty {
            what: "sigma, needed to rank by expected distance",
        }),
    }
}

/// Queries `[Q, D]`, the database `[N, D]` they are searched in, which item of it is the query itself, and a term `[N]` of
/// each item that is added to the squared distance to it.
pub(crate) struct Search<'a> {
    pub(crate) queries: &'a [f32],
    pub(crate) database: &'a [f32],
    pub(crate) dim: usize,
    pub(crate) itself: Option<&'a [Option<u32>]>,
    pub(crate) terms: Option<&'a [f64]>,
}

pub(crate) fn retrieve(
    search: &Search<'_>,
    relevance: &dyn Relevance,
    cutoffs: &Cutoffs,
) -> Result<RetrievalEvaluation, MetricError> {
    let queries = Rows::new(search.queries, search.dim)?;
    let database = Rows::new(search.database, search.dim)?;
    check_sizes(relevance, queries.len(), database.len())?;
    for (what, rows) in [("queries", queries), ("database", database)] {
        if rows.is_empty() {
            return Err(MetricError::Empty { what });
        }
    }
    let others;
    let (relevance, itself) = match search.itself {
        Some(itself) => {
            others = OthersThanItself::new(relevance, itself)?;
            (&others as &dyn Relevance, itself)
        }
        None => (relevance, &[] as &[Option<u32>]),
    };
    // One neighbour more, in the place of the query itself.
    let count = ranks(relevance, cutoffs) + usize::from(search.itself.is_some());
    let scored =
        Index::ranked(database, search.terms)?.map(queries, count, |query, found| match itself
            .get(query)
            .copied()
            .flatten()
        {
            None => score(query, found, relevance, cutoffs),
            Some(itself) => {
                let others = found.iter().filter(|item| item.index != itself);
                let others: Vec<Neighbour> = others.copied().collect();
                score(query, &others, relevance, cutoffs)
            }
        })?;
    collect(scored, cutoffs)
}

/// Ranks that the metrics look at.
fn ranks(relevance: &dyn Relevance, cutoffs: &Cutoffs) -> usize {
    (0..relevance.queries())
        .map(|query| relevance.positives(query))
        .fold(cutoffs.last(), usize::max)
}

type Scored = Result<(Nearest, Option<QueryScore>), MetricError>;

fn score(
    query: usize,
    found: &[Neighbour],
    relevance: &dyn Relevance,
    cutoffs: &Cutoffs,
) -> Scored {
    let positives = relevance.positives(query);
    let ranks = &found[..found.len().min(cutoffs.last().max(positives))];
    let flags: Vec<bool> = ranks
        .iter()
        .map(|item| relevance.is_positive(query, item.index as usize))
        .collect();
    let first = found.first().zip(flags.first());
    let (nearest, &correct) = first.ok_or(MetricError::Empty {
        what: "database beside the query itself",
    })?;
    let nearest = Nearest {
        index: nearest.index,
        distance: nearest.distance,
        correct,
    };
    Ok((nearest, QueryScore::new(&flags, positives, cutoffs)?))
}

fn collect(scored: Vec<Scored>, cutoffs: &Cutoffs) -> Result<RetrievalEvaluation, MetricError> {
    let mut accumulator = RetrievalAccumulator::new(cutoffs.clone());
    let mut nearest = Vec::with_capacity(scored.len());
    for scored in scored {
        let (found, score) = scored?;
        accumulator.add_score(score.as_ref())?;
        nearest.push(found);
    }
    Ok(RetrievalEvaluation {
        summary: accumulator.summary()?,
        nearest,
    })
}
