//! All metrics of one labelled set at once.

use lam_search::{Index, Neighbour, Rows};

use crate::error::check_length;
use crate::relevance::check_sizes;
use crate::{
    BinaryRanking, Calibration, Cutoffs, MetricError, ProperScores, QueryScore, Relevance,
    RetrievalAccumulator, RetrievalSummary, SameLabel, ScalarScore, Sparsification, Votes,
};

/// A query's nearest neighbour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// Item of the database.
    pub index: u32,
    /// Squared Euclidean distance to it.
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
    relevance: &impl Relevance,
    cutoffs: &Cutoffs,
) -> Result<RetrievalEvaluation, MetricError> {
    let rows = Rows::new(embeddings, dim)?;
    check_sizes(relevance, rows.len(), rows.len())?;
    if rows.len() < 2 {
        return Err(MetricError::TooFewImages { images: rows.len() });
    }
    let scored = Index::new(rows).map_rows(ranks(relevance, cutoffs), |query, found| {
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
    relevance: &impl Relevance,
    cutoffs: &Cutoffs,
) -> Result<RetrievalEvaluation, MetricError> {
    let queries = Rows::new(queries, dim)?;
    let database = Rows::new(database, dim)?;
    check_sizes(relevance, queries.len(), database.len())?;
    for (what, rows) in [("queries", queries), ("database", database)] {
        if rows.is_empty() {
            return Err(MetricError::Empty { what });
        }
    }
    let scored = Index::new(database).map(queries, ranks(relevance, cutoffs), |query, found| {
        score(query, found, relevance, cutoffs)
    })?;
    collect(scored, cutoffs)
}

/// Ranks that the metrics look at.
fn ranks(relevance: &impl Relevance, cutoffs: &Cutoffs) -> usize {
    (0..relevance.queries())
        .map(|query| relevance.positives(query))
        .fold(cutoffs.last(), usize::max)
}

type Scored = Result<(Nearest, Option<QueryScore>), MetricError>;

fn score(
    query: usize,
    found: &[Neighbour],
    relevance: &impl Relevance,
    cutoffs: &Cutoffs,
) -> Scored {
    let positives = relevance.positives(query);
    let ranks = &found[..found.len().min(cutoffs.last().max(positives))];
    let flags: Vec<bool> = ranks
        .iter()
        .map(|item| relevance.is_positive(query, item.index as usize))
        .collect();
    let first = found.first().zip(flags.first());
    let (nearest, &correct) = first.ok_or(MetricError::Empty { what: "database" })?;
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

/// What is known about one labelled set of N images.
#[derive(Debug, Clone, Copy)]
pub struct LabelledSet<'a> {
    /// Mean embeddings `[N, D]`.
    pub embeddings: &'a [f32],
    /// Embedding size, D.
    pub dim: usize,
    /// Labels `[N]`.
    pub labels: &'a [u32],
    /// Spread of the embeddings `[N, D]`, if the method has one.
    pub sigma: Option<&'a [f32]>,
    /// What the weight samples vote for, see [`crate::NeighbourVotes`].
    pub votes: Option<&'a Votes>,
    /// Spread `[M, D]` of images from elsewhere.
    pub ood_sigma: Option<&'a [f32]>,
}

/// Uncertainty of known and foreign images.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfDistribution {
    /// Score of each known image `[N]`, `Σ_k sigma_k`.
    pub known: Vec<f64>,
    /// Score of each foreign image `[M]`.
    pub foreign: Vec<f64>,
    /// Both in one order; foreign images are the positives.
    pub ranking: BinaryRanking,
}

/// Every metric that the data of a set allow; `None` where a part is missing or the metric undefined.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// recall@k, map@k, MAP@R.
    pub retrieval: RetrievalSummary,
    /// The nearest neighbour of every image.
    pub nearest: Vec<Nearest>,
    /// Without sigma there is none.
    pub sparsification: Option<Sparsification>,
    /// Without votes there is none.
    pub calibration: Option<Calibration>,
    /// Of the votes' confidence; without votes there are none.
    pub proper_scores: Option<ProperScores>,
    /// Needs sigma of both sets.
    pub out_of_distribution: Option<OutOfDistribution>,
    /// Needs sigma, and both right and wrong nearest neighbours.
    pub r_auroc: Option<f64>,
}

/// Computes every metric of a labelled set whose images are queries and database at once.
///
/// AUSC, ECE and R-AUROC are over all images, also those whose label occurs once and whose neighbour
/// therefore must be wrong: uncertainty should tell. Retrieval leaves these out and counts them.
///
/// # Errors
/// As [`evaluate_retrieval`]; parts differ in size, sigma is not finite or negative, or `ood_sigma` is
/// given without `sigma` or is empty.
pub fn evaluate(set: &LabelledSet<'_>, cutoffs: &Cutoffs) -> Result<Evaluation, MetricError> {
    let dim = set.dim;
    let relevance = SameLabel::among(set.labels);
    let RetrievalEvaluation { summary, nearest } =
        evaluate_retrieval(set.embeddings, dim, &relevance, cutoffs)?;
    let calibration = set.votes.map(|votes| votes.calibration(set.labels));
    let proper_scores = set.votes.map(|votes| votes.proper_scores(set.labels));
    let mut evaluation = Evaluation {
        retrieval: summary,
        nearest,
        sparsification: None,
        calibration: calibration.transpose()?,
        proper_scores: proper_scores.transpose()?,
        out_of_distribution: None,
        r_auroc: None,
    };
    let Some(sigma) = set.sigma else {
        return match set.ood_sigma {
            Some(_) => Err(MetricError::Empty {
                what: "sigma of the labelled set, needed beside that of foreign images",
            }),
            None => Ok(evaluation),
        };
    };
    check_length("sigma", set.embeddings.len(), sigma.len())?;
    let score = ScalarScore::from_sigma(sigma, set.ood_sigma, dim, &evaluation.nearest)?;
    let score = score.evaluate(&evaluation.nearest)?;
    evaluation.sparsification = Some(score.sparsification);
    evaluation.out_of_distribution = score.out_of_distribution;
    evaluation.r_auroc = score.r_auroc;
    Ok(evaluation)
}

impl Evaluation {
    /// Every number with its name, always the same names in the same order for the same cut-offs;
    /// `None` is "not defined here".
    pub fn values(&self) -> Vec<(String, Option<f64>)> {
        let retrieval = &self.retrieval;
        let ood = self.out_of_distribution.as_ref().map(|ood| &ood.ranking);
        let calibration = self.calibration.as_ref();
        let mut values = Vec::new();
        for (k, value) in &retrieval.recall {
            values.push((format!("recall@{k}"), Some(*value)));
        }
        for (k, value) in &retrieval.map {
            values.push((format!("map@{k}"), Some(*value)));
        }
        let rest = [
            ("map@r", Some(retrieval.map_at_r)),
            ("auroc", ood.map(BinaryRanking::auroc)),
            ("auprc", ood.map(BinaryRanking::average_precision)),
            ("auprc_trapezoid", ood.map(BinaryRanking::auprc_trapezoid)),
            ("ausc", self.sparsification.as_ref().map(|s| s.area)),
            ("ece", calibration.map(|c| c.ece)),
            (
                "ece_open_last_bin",
                calibration.and_then(|c| c.ece_open_last_bin),
            ),
            (
                "ece_open_last_bin_drops",
                calibration.map(|c| c.open_last_bin_drops),
            ),
            ("brier", self.proper_scores.map(|scores| scores.brier)),
            (
                "nll",
                self.proper_scores
                    .map(|scores| scores.negative_log_likelihood),
            ),
            ("r_auroc", self.r_auroc),
            ("queries", Some(retrieval.queries as f64)),
            (
                "queries_without_positives",
                Some(retrieval.queries_without_positives as f64),
            ),
        ];
        values.extend(rest.map(|(name, value)| (name.to_owned(), value)));
        values
    }
}
