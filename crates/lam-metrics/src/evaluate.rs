//! All metrics of one set at once.

use lam_search::Ranking;

use crate::error::check_length;
use crate::neighbours::{Search, ranking_terms, retrieve, retrieve_among};
use crate::{
    BinaryRanking, Calibration, Cutoffs, MetricError, Nearest, ProperScores, Relevance,
    RetrievalEvaluation, RetrievalSummary, SameLabel, ScalarScore, Sparsification, Spread, Votes,
};

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
    /// What the nearest is; by expected distance only with `sigma`.
    pub ranking: Ranking,
}

/// Uncertainty of known and foreign images.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfDistribution {
    /// Score of each known image `[N]`, `Σ_k sigma_k` unless another is given; of places, of each query `[Q]`.
    pub known: Vec<f64>,
    /// Score of each foreign image `[M]`.
    pub foreign: Vec<f64>,
    /// Both in one order; foreign images are the positives.
    pub ranking: BinaryRanking,
}

impl OutOfDistribution {
    /// Orders both, high means unsure.
    ///
    /// # Errors
    /// One of the two is empty, or a value is not finite.
    pub fn new(known: Vec<f64>, foreign: Vec<f64>) -> Result<Self, MetricError> {
        Ok(Self {
            ranking: BinaryRanking::new(&known, &foreign)?,
            known,
            foreign,
        })
    }
}

/// Every metric that the data of a set allow; `None` where a part is missing or the metric undefined.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// recall@k, map@k, MAP@R.
    pub retrieval: RetrievalSummary,
    /// The nearest neighbour of every image; of places, of every query.
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
/// As [`crate::evaluate_retrieval`]; parts differ in size, sigma is not finite or negative, or `ood_sigma`
/// or a ranking by expected distance is asked for without `sigma`, or `ood_sigma` is empty.
pub fn evaluate(set: &LabelledSet<'_>, cutoffs: &Cutoffs) -> Result<Evaluation, MetricError> {
    let relevance = SameLabel::among(set.labels);
    if let Some(sigma) = set.sigma {
        check_length("sigma", set.embeddings.len(), sigma.len())?;
    }
    let terms = ranking_terms(set.ranking, set.sigma, set.dim)?;
    let terms = terms.as_deref();
    let retrieval = retrieve_among(set.embeddings, set.dim, terms, &relevance, cutoffs)?;
    let spread = set.sigma.map(Spread::among);
    let calibration = set.votes.map(|votes| votes.calibration(set.labels));
    let proper_scores = set.votes.map(|votes| votes.proper_scores(set.labels));
    Ok(Evaluation {
        calibration: calibration.transpose()?,
        proper_scores: proper_scores.transpose()?,
        ..Evaluation::of_spread(retrieval, spread, set.ood_sigma, set.dim)?
    })
}

/// What is known about Q queries and the database of N items in which their places are looked for.
#[derive(Debug, Clone, Copy)]
pub struct PlaceSet<'a> {
    /// Mean embeddings of the queries `[Q, D]`.
    pub queries: &'a [f32],
    /// Mean embeddings of the database `[N, D]`.
    pub database: &'a [f32],
    /// Embedding size, D.
    pub dim: usize,
    /// For each query `[Q]` the item of the database that is the query itself, where there is one: it
    /// is neither a match nor a positive. `None` where no query is in the database.
    pub itself: Option<&'a [Option<u32>]>,
    /// Spread of both, `[Q, D]` and `[N, D]`, if the method has one.
    pub sigma: Option<Spread<'a>>,
    /// Spread `[M, D]` of images from elsewhere.
    pub ood_sigma: Option<&'a [f32]>,
    /// What the nearest is; by expected distance only with `sigma`.
    pub ranking: Ranking,
}

/// Computes every metric of queries against a database. Votes for labels there are none, hence no
/// calibration and no proper scores; AUSC takes the neighbour's spread from the database, and the
/// known images of AUROC and AUPRC are the queries.
///
/// As in [`evaluate`], AUSC and R-AUROC are over all queries, those without positives included, which
/// retrieval leaves out and counts.
///
/// # Errors
/// As [`crate::evaluate_retrieval_between`] and [`evaluate`]; `itself` is not as long as the queries or
/// names an item that does not exist; a query is all that the database holds.
pub fn evaluate_places(
    set: &PlaceSet<'_>,
    relevance: &dyn Relevance,
    cutoffs: &Cutoffs,
) -> Result<Evaluation, MetricError> {
    if let Some(sigma) = set.sigma {
        check_length(
            "sigma of the queries",
            set.queries.len(),
            sigma.queries.len(),
        )?;
        check_length(
            "sigma of the database",
            set.database.len(),
            sigma.database.len(),
        )?;
    }
    let of_database = set.sigma.map(|sigma| sigma.database);
    let terms = ranking_terms(set.ranking, of_database, set.dim)?;
    let search = Search {
        queries: set.queries,
        database: set.database,
        dim: set.dim,
        itself: set.itself,
        terms: terms.as_deref(),
    };
    let retrieval = retrieve(&search, relevance, cutoffs)?;
    Evaluation::of_spread(retrieval, set.sigma, set.ood_sigma, set.dim)
}

impl Evaluation {
    /// Retrieval and what the spread says about it; no votes.
    fn of_spread(
        retrieval: RetrievalEvaluation,
        spread: Option<Spread<'_>>,
        foreign: Option<&[f32]>,
        dim: usize,
    ) -> Result<Self, MetricError> {
        let RetrievalEvaluation { summary, nearest } = retrieval;
        let score = match (spread, foreign) {
            (Some(spread), _) => {
                let score = ScalarScore::from_sigma(&spread, foreign, dim, &nearest)?;
                Some(score.evaluate(&nearest)?)
            }
            (None, None) => None,
            (None, Some(_)) => {
                return Err(MetricError::Empty {
                    what: "sigma of the known images, needed beside that of foreign ones",
                });
            }
        };
        let (sparsification, out_of_distribution, r_auroc) = match score {
            Some(s) => (Some(s.sparsification), s.out_of_distribution, s.r_auroc),
            None => (None, None, None),
        };
        Ok(Self {
            retrieval: summary,
            nearest,
            sparsification,
            calibration: None,
            proper_scores: None,
            out_of_distribution,
            r_auroc,
        })
    }

    /// The same with AUROC and AUPRC by another uncertainty of each known image (`[N]`; of places, of each query `[Q]`) and of
    /// each foreign one `[M]`. Answers stay as sure as the spread says.
    ///
    /// # Errors
    /// There are not as many known images as before, a value is not finite, or `foreign` is empty.
    pub fn with_image_uncertainty(
        mut self,
        known: Vec<f64>,
        foreign: Vec<f64>,
    ) -> Result<Self, MetricError> {
        check_length("uncertainty of the images", self.nearest.len(), known.len())?;
        self.out_of_distribution = Some(OutOfDistribution::new(known, foreign)?);
        Ok(self)
    }

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
