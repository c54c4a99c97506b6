//! What one scalar uncertainty is worth, whatever it comes from.

use crate::error::check_length;
use crate::{
    BinaryRanking, MetricError, Nearest, OutOfDistribution, Sparsification, ood_scores,
    pair_uncertainty, r_auroc,
};

/// One scalar uncertainty: of N known images, of the answers to them as queries, and of M images from
/// elsewhere. High means unsure.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalarScore {
    /// Of each known image by itself `[N]`.
    pub known: Vec<f64>,
    /// Of the answer to it, its nearest neighbour `[N]`.
    pub answers: Vec<f64>,
    /// Of each foreign image by itself `[M]`.
    pub foreign: Option<Vec<f64>>,
}

impl ScalarScore {
    /// From a spread of the embedding, `[N, D]` and `[M, D]`: an image has the sum over its dimensions
    /// ([`ood_scores`]), an answer the spread of query and neighbour ([`pair_uncertainty`]).
    ///
    /// # Errors
    /// A spread is not finite or negative; sizes differ.
    pub fn from_sigma(
        known: &[f32],
        foreign: Option<&[f32]>,
        dim: usize,
        nearest: &[Nearest],
    ) -> Result<Self, MetricError> {
        let indices: Vec<u32> = nearest.iter().map(|nearest| nearest.index).collect();
        Ok(Self {
            known: ood_scores(known, dim)?,
            answers: pair_uncertainty(known, known, dim, &indices)?,
            foreign: foreign.map(|sigma| ood_scores(sigma, dim)).transpose()?,
        })
    }

    /// From one number per image; an answer has the sum of query and neighbour.
    ///
    /// # Errors
    /// There are not as many neighbours as images, or a neighbour that is no image.
    pub fn from_images(
        known: Vec<f64>,
        foreign: Option<Vec<f64>>,
        nearest: &[Nearest],
    ) -> Result<Self, MetricError> {
        check_length("scores of the known images", nearest.len(), known.len())?;
        let answers = known.iter().zip(nearest).map(|(query, nearest)| {
            let index = nearest.index as usize;
            let neighbour = known.get(index).ok_or(MetricError::Length {
                what: "scores of the known images",
                expected: index.saturating_add(1),
                found: known.len(),
            })?;
            Ok(query + neighbour)
        });
        Ok(Self {
            answers: answers.collect::<Result<_, MetricError>>()?,
            known,
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
        let out_of_distribution = self.foreign.map(|foreign| {
            Ok::<_, MetricError>(OutOfDistribution {
                ranking: BinaryRanking::new(&known, &foreign)?,
                known,
                foreign,
            })
        });
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
