//! Scores that stand beside a method's uncertainty: three that need no fitted posterior, and its own other ones.

use lam_search::{Index, Neighbour, Rows, squared_distance};

use crate::error::check_length;
use crate::{MetricError, Nearest, ScalarScore, ScoreEvaluation, Spread};

/// An uncertainty to compare with. Those without a posterior cost nothing: published work (arXiv 2312.10464, 2404.00546) finds that such
/// scores can match fitted posteriors, so a posterior earns its keep only where it beats them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// The spread under the posterior without curvature: the prior's one σ for all weights.
    Isotropic,
    /// `−|x|` of the features x that enter the head: a short feature vector counts as unsure. The
    /// answer's is that of query and neighbour together, as for a spread.
    FeatureNorm,
    /// Euclidean distance of the query to its answer, the nearest neighbour among the known images. It is
    /// the answer's own uncertainty: nothing is added for the neighbour, nor for its spread where the
    /// ranking counts that.
    NeighbourDistance,
    /// The spread under the posterior itself, of the head's output `z` before the normalisation: how little
    /// the weights are known where such features lie, however sure the direction of `z` is.
    OutputSpread,
    /// The spread of the embedding, where a method takes another number for an image's uncertainty.
    EmbeddingSpread,
}

impl Baseline {
    /// All, in the order they are reported.
    pub const ALL: [Self; 5] = [
        Self::Isotropic,
        Self::FeatureNorm,
        Self::NeighbourDistance,
        Self::OutputSpread,
        Self::EmbeddingSpread,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Isotropic => "isotropic",
            Self::FeatureNorm => "feature_norm",
            Self::NeighbourDistance => "neighbour_distance",
            Self::OutputSpread => "output_spread",
            Self::EmbeddingSpread => "embedding_spread",
        }
    }

    /// What it is, in a line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Isotropic => "spread without curvature: only the prior, one σ for all weights",
            Self::FeatureNorm => "length of the features that enter the head; short is unsure",
            Self::NeighbourDistance => "distance to the nearest neighbour in the gallery",
            Self::OutputSpread => "spread under the fitted posterior, before the normalisation",
            Self::EmbeddingSpread => "spread of the embedding, after the normalisation",
        }
    }
}

/// What the baselines need to know of a set of images.
#[derive(Debug, Clone, Copy)]
pub struct BaselineInputs<'a> {
    /// Mean embeddings `[N, D]`.
    pub embeddings: &'a [f32],
    /// `|x|` of the features `[N]`.
    pub feature_norm: Option<&'a [f32]>,
    /// Spread `[N, D]` under an isotropic posterior.
    pub isotropic: Option<&'a [f32]>,
    /// Spread of the output before the normalisation, added up over its dimensions `[N]`.
    pub output_spread: Option<&'a [f32]>,
    /// Spread `[N, D]` of the embedding, where that is not the method's own uncertainty already.
    pub sigma: Option<&'a [f32]>,
    /// Of the gallery: what the ranking adds to the squared distance to each image `[N]`, if anything.
    pub terms: Option<&'a [f64]>,
}

/// Every baseline that the data allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Baselines {
    /// In the order of [`Baseline::ALL`]; one whose input is missing is left out.
    pub scores: Vec<(Baseline, ScoreEvaluation)>,
}

impl Baselines {
    /// Measures the baselines for a labelled set whose nearest neighbours are known (`nearest`, `[N]`,
    /// see [`crate::Evaluation::nearest`]) and for images from elsewhere. The known images are the
    /// gallery of both: each of them is searched among the others, each foreign one among all.
    ///
    /// # Errors
    /// Sizes differ, values are not finite, or there are no foreign images where there should be.
    pub fn measure(
        known: &BaselineInputs<'_>,
        foreign: Option<&BaselineInputs<'_>>,
        dim: usize,
        nearest: &[Nearest],
    ) -> Result<Self, MetricError> {
        Self::measure_between(known, known, foreign, dim, nearest)
    }

    /// As [`Baselines::measure`] for queries whose nearest neighbours (`nearest`, `[Q]`) are items of a
    /// database; the known images are the queries, and the gallery is the database.
    ///
    /// # Errors
    /// As [`Baselines::measure`]; a neighbour that is not in the database.
    pub fn measure_between(
        queries: &BaselineInputs<'_>,
        database: &BaselineInputs<'_>,
        foreign: Option<&BaselineInputs<'_>>,
        dim: usize,
        nearest: &[Nearest],
    ) -> Result<Self, MetricError> {
        let inputs = Inputs {
            queries,
            database,
            foreign,
            dim,
            nearest,
        };
        let mut scores = Vec::new();
        for baseline in Baseline::ALL {
            let score = match baseline {
                Baseline::Isotropic => inputs.of_sigma(|set| set.isotropic)?,
                Baseline::FeatureNorm => inputs.feature_norm()?,
                Baseline::NeighbourDistance => Some(inputs.neighbour_distance()?),
                Baseline::OutputSpread => inputs.output_spread()?,
                Baseline::EmbeddingSpread => inputs.of_sigma(|set| set.sigma)?,
            };
            if let Some(score) = score {
                scores.push((baseline, score.evaluate(nearest)?));
            }
        }
        Ok(Self { scores })
    }

    /// The figures of one of them.
    pub fn get(&self, baseline: Baseline) -> Option<&ScoreEvaluation> {
        let mut scores = self.scores.iter();
        scores.find_map(|(other, score)| (*other == baseline).then_some(score))
    }

    /// `baseline.<score>.<metric>` of every baseline, always the same names in the same order; `None`
    /// is "not defined here".
    pub fn values(&self) -> Vec<(String, Option<f64>)> {
        let mut values = Vec::new();
        for baseline in Baseline::ALL {
            let score = self.get(baseline).map(ScoreEvaluation::values);
            for (i, metric) in ScoreEvaluation::NAMES.into_iter().enumerate() {
                let name = format!("baseline.{}.{metric}", baseline.name());
                values.push((name, score.and_then(|score| score[i])));
            }
        }
        values
    }
}

struct Inputs<'a> {
    queries: &'a BaselineInputs<'a>,
    database: &'a BaselineInputs<'a>,
    foreign: Option<&'a BaselineInputs<'a>>,
    dim: usize,
    nearest: &'a [Nearest],
}

impl<'a> Inputs<'a> {
    /// A spread per dimension; none where queries or database lack it.
    fn of_sigma(
        &self,
        of: impl Fn(&BaselineInputs<'a>) -> Option<&'a [f32]>,
    ) -> Result<Option<ScalarScore>, MetricError> {
        let Some((queries, database)) = of(self.queries).zip(of(self.database)) else {
            return Ok(None);
        };
        let spread = Spread { queries, database };
        let foreign = self.foreign.and_then(&of);
        ScalarScore::from_sigma(&spread, foreign, self.dim, self.nearest).map(Some)
    }

    fn feature_norm(&self) -> Result<Option<ScalarScore>, MetricError> {
        self.of_images(|set| set.feature_norm, |norm| -norm)
    }

    fn output_spread(&self) -> Result<Option<ScalarScore>, MetricError> {
        self.of_images(|set| set.output_spread, |spread| spread)
    }

    /// One number per image; none where queries or database lack it.
    fn of_images(
        &self,
        of: impl Fn(&BaselineInputs<'a>) -> Option<&'a [f32]>,
        unsure: impl Fn(f64) -> f64,
    ) -> Result<Option<ScalarScore>, MetricError> {
        let scores = |values: &[f32]| values.iter().map(|&v| unsure(f64::from(v))).collect();
        let Some((queries, database)) = of(self.queries).zip(of(self.database)) else {
            return Ok(None);
        };
        let database: Vec<f64> = scores(database);
        let foreign = self.foreign.and_then(&of).map(scores);
        ScalarScore::from_images(scores(queries), &database, foreign, self.nearest).map(Some)
    }

    fn neighbour_distance(&self) -> Result<ScalarScore, MetricError> {
        let queries = Rows::new(self.queries.embeddings, self.dim)?;
        check_length("nearest neighbours", queries.len(), self.nearest.len())?;
        let gallery = Rows::new(self.database.embeddings, self.dim)?;
        // To the answer, however it was ranked: a score without a posterior has none of its spread in it.
        let distance = |query: &[f32], answer: &[f32]| squared_distance(query, answer).sqrt();
        let answers = self.nearest.iter().enumerate().map(|(query, answer)| {
            let index = answer.index as usize;
            if index >= gallery.len() {
                return Err(MetricError::Length {
                    what: "embeddings of the database",
                    expected: index.saturating_add(1),
                    found: gallery.len(),
                });
            }
            Ok(distance(queries.row(query), gallery.row(index)))
        });
        let known = answers.collect::<Result<Vec<f64>, MetricError>>()?;
        let foreign = self.foreign.map(|foreign| {
            let foreign = Rows::new(foreign.embeddings, self.dim)?;
            let first = |query, found: &[Neighbour]| {
                let answer = found.first().map(|n| gallery.row(n.index as usize));
                answer.map_or(f64::NAN, |answer| distance(foreign.row(query), answer))
            };
            Index::ranked(gallery, self.database.terms)?.map(foreign, 1, first)
        });
        Ok(ScalarScore {
            answers: known.clone(),
            known,
            foreign: foreign.transpose()?,
        })
    }
}
