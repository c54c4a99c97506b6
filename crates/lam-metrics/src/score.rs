//! What one scalar uncertainty is worth, whatever it comes from.

use crate::error::check_length;
use crate::{
    BinaryRanking, MetricError, Nearest, OutOfDistribution, Sparsification, ood_scores,
    pair_uncertainty, r_auroc,
};

/// One scalar uncertainty: of Q known images, of the answers to them as queries, and of M images from
/// elsewhere. High means unsure.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalarScore {
    /// Of each known image by itself `[Q]`.
    pub known: Vec<f64>,
    /// Of the answer to it, its nearest neighbour `[Q]`.
    pub answers: Vec<f64>,
    /// Of each foreign image by itself `[M]`.
    pub foreign: Option<Vec<f64>>,
}

/// Spread of the embeddings of the queries `[Q, D]` and of the database they are searched in `[N, D]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread<'a> {
    /// Of the queries.
    pub queries: &'a [f32],
    /// Of the database.
    pub database: &'a [f32],
}

impl<'a> Spread<'a> {
    /// The queries are the database.
    pub fn among(sigma: &'a [f32]) -> Self {
        Self {
            queries: sigma,
            database: sigma,
        }
    }
}

impl ScalarScore {
    /// From a spread of the embedding, and that of foreign images `[M, D]`: an image has the sum over its
    /// dimensions ([`ood_scores`]), an answer the spread of query and neighbour ([`pair_uncertainty`]).
    ///
    /// # Errors
    /// A spread is not finite or negative; sizes differ.
    pub fn from_sigma(
        spread: &Spread<'_>,
        foreign: Option<&[f32]>,
        dim: usize,
        nearest: &[Nearest],
    ) -> Result<Self, MetricError> {
        let indices: Vec<u32> = nearest.iter().map(|nearest| nearest.index).collect();
        Ok(Self {
            known: ood_scores(spread.queries, dim)?,
            answers: pair_uncertainty(spread.queries, spread.database, dim, &indices)?,
            foreign: foreign.map(|sigma| ood_scores(sigma, dim)).transpose()?,
        })
    }

    /// From one number per image: of the queries `[Q]`, of the database `[N]` and of foreign ones `[M]`;
    /// an answer has the sum of query and neighbour.
    ///
    /// # Errors
    /// There are not as many neighbours as queries, or a neighbour that is not in the database.
    pub fn from_images(
        queries: Vec<f64>,
        database: &[f64],
        foreign: Option<Vec<f64>>,
        nearest: &[Nearest],
    ) -> Result<Self, MetricError> {
        check_length("scores of the queries", nearest.len(), queries.len())?;
        let answers = queries.iter().zip(nearest).map(|(query, nearest)| {
            let index = nearest.index as usize;
            let neighbour = database.get(index).ok_or(MetricError::Length {
                what: "scores of the database",
                expected: index.saturating_add(1),
                found: database.len(),
            })?;
            Ok(query + neighbour)
        });
        Ok(Self {
            answers: answers.collect::<Result<_, MetricError>>()?,
            known: queries,
            foreign,
        })
    }

    /// Measures it against what the nearest neighbours turned out to be.
    ///
    /// # Errors
    /// Sizes differ, a value is not finite, or there are no foreign images where there should be.
    pub fn evaluate(self, nearest: &[Nearest]) -> Result<ScoreEvaluation, MetricError> {
        let correct: Vec<bool> = nearest.iter().map(|nearest| nearest.correct).collect();
        let r_auroc = match r_auroc(&self.known, &correct) {
            Ok(value) => Some(value),
            Err(MetricError::OneKind { .. }) => None,
            Err(error) => return Err(error),
        };
        let known = self.known;
        let foreign = self.foreign;
        let out_of_distribution = foreign.map(|foreign| OutOfDistribution::new(known, foreign));
        Ok(ScoreEvaluation {
            sparsification: Sparsification::new(&self.answers, &correct)?,
            out_of_distribution: out_of_distribution.transpose()?,
            r_auroc,
        })
    }
}

/// How well one scalar uncertainty orders images and answers.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreEvaluation {
    /// By the uncertainty of answers.
    pub sparsification: Sparsification,
    /// By the uncertainty of images; without foreign ones there is none.
    pub out_of_distribution: Option<OutOfDistribution>,
    /// By the uncertainty of images; needs right and wrong neighbours.
    pub r_auroc: Option<f64>,
}

impl ScoreEvaluation {
    /// Names of [`ScoreEvaluation::values`].
    pub const NAMES: [&'static str; 4] = ["auroc", "auprc", "ausc", "r_auroc"];

    /// The four figures in the order of their names; `None` is "not defined here".
    pub fn values(&self) -> [Option<f64>; 4] {
        let ood = self.out_of_distribution.as_ref().map(|ood| &ood.ranking);
        [
            ood.map(BinaryRanking::auroc),
            ood.map(BinaryRanking::average_precision),
            Some(self.sparsification.area),
            self.r_auroc,
        ]
    }
}
