//! Which answers to accept, so that few of them are wrong.

use lam_metrics::{
    MetricError, RiskControl, RiskScore, RiskTarget, ScoredControl, Selection, SelectiveCurve,
    joint_risk_threshold, pair_uncertainty,
};
use lam_search::{Index, Neighbour, Ranking, Rows};

use super::EmbeddedSet;
use crate::TrainError;
use crate::config::Method;

/// Fewer held-out images cannot be divided into those that plan and those that are tested.
const FEWEST: usize = 8;

/// Galleries whose sizes differ by more than this share give distances that are not comparable.
const SAME_SIZE: f64 = 0.1;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskRequest {
    /// The risk allowed, and how sure one must be of it.
    pub target: RiskTarget,
    /// The score to put the threshold on; by default the one that promises to accept most. Distances shrink as a gallery
    /// grows, so by default they are used only where there is no other score or the test set is as large as the held-out one.
    pub score: Option<RiskScore>,
}

impl RiskRequest {
    /// At most a share of `risk` of the accepted answers wrong, with probability `confidence`.
    ///
    /// # Errors
    /// [`TrainError::RiskTarget`] unless both lie between 0 and 1.
    pub fn new(risk: f64, confidence: f64, score: Option<RiskScore>) -> Result<Self, TrainError> {
        Ok(Self {
            target: RiskTarget::new(risk, confidence).map_err(TrainError::RiskTarget)?,
            score,
        })
    }
}

/// The threshold and what it accepts.
#[derive(Debug, Clone, PartialEq)]
pub struct RiskReport {
    /// What was asked for.
    pub request: RiskRequest,
    /// The score that the threshold is on.
    pub score: RiskScore,
    /// Images of the gallery that the guarantee is about: all that are held out.
    pub gallery: usize,
    /// Held-out images that chose score and order of thresholds, and were not tested.
    pub planned_on: usize,
    /// The guarantee on the risk among the accepted, and the held-out answers that it rests on.
    pub control: RiskControl,
    /// What the threshold accepts of the test images as queries to the held-out gallery: the terms of the guarantee.
    pub test_in_held_out: Selection,
    /// What it accepts of the test images among themselves, as everything else is reported.
    pub test: Selection,
    /// The same score by conformal risk control of the share of all queries that is accepted and wrong.
    pub joint: JointRisk,
    /// Every threshold on the held-out answers that were tested.
    pub held_out_curve: SelectiveCurve,
    /// Every threshold on the test answers from the held-out gallery.
    pub test_in_held_out_curve: SelectiveCurve,
    /// Every threshold on the test answers.
    pub test_curve: SelectiveCurve,
}

/// Conformal risk control beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointRisk {
    /// Answers up to it are accepted; infinite, all are; `None`, none.
    pub threshold: Option<f64>,
    /// Of the held-out answers it was computed from.
    pub held_out: Selection,
    /// Of the test images among themselves.
    pub test: Selection,
}

/// Chooses a threshold on held-out images and applies it to the test images. An answer is the nearest by `ranking`.
///
/// # Errors
/// The method lacks the score asked for; embeddings that are not finite; fewer than eight held-out images.
pub fn control_risk(
    held_out: &EmbeddedSet,
    test: &EmbeddedSet,
    request: &RiskRequest,
    ranking: Ranking,
    method: Method,
) -> Result<RiskReport, TrainError> {
    let images = held_out.labels.len();
    if images < FEWEST {
        return Err(MetricError::TooFewImages { images }.into());
    }
    let answers = Answers::among(held_out, ranking)?;
    let available = answers.available();
    let galleries = test.labels.len() as f64 / images as f64;
    let wanted: Vec<RiskScore> = match request.score {
        None if (galleries - 1.0).abs() > SAME_SIZE && available.len() > 1 => {
            let transfers = |score: &RiskScore| *score != RiskScore::Distance;
            available.into_iter().filter(transfers).collect()
        }
        None => available,
        Some(score) if available.contains(&score) => vec![score],
        Some(score) => {
            return Err(TrainError::NoRiskScore {
                method: method.to_string(),
                score: score.name(),
                available: available.iter().map(|score| score.name()).collect(),
            });
        }
    };
    let scores: Vec<(RiskScore, Vec<f64>)> = wanted
        .into_iter()
        .map(|score| Ok((score, answers.uncertainty(score)?)))
        .collect::<Result<_, TrainError>>()?;
    let ScoredControl {
        score,
        control,
        planned_on,
        certification,
    } = lam_metrics::control_risk(&scores, &answers.correct, request.target)?;
    let test_curve = Answers::among(test, ranking)?.curve(score)?;
    let in_held_out = Answers::between(test, held_out, ranking)?.curve(score)?;
    let threshold = joint_risk_threshold(&certification, request.target.risk());
    let at = |curve: &SelectiveCurve| threshold.map_or_else(|| curve.nothing(), |t| curve.at(t));
    Ok(RiskReport {
        request: *request,
        score,
        gallery: images,
        planned_on,
        control,
        test_in_held_out: control.apply(&in_held_out),
        test: control.apply(&test_curve),
        joint: JointRisk {
            threshold,
            held_out: at(&certification),
            test: at(&test_curve),
        },
        held_out_curve: certification,
        test_in_held_out_curve: in_held_out,
        test_curve,
    })
}

/// The nearest neighbours that queries find in a gallery.
struct Answers<'a> {
    queries: &'a EmbeddedSet,
    gallery: &'a EmbeddedSet,
    /// Each image is a query to the others.
    leave_one_out: bool,
    nearest: Vec<Neighbour>,
    correct: Vec<bool>,
}

impl<'a> Answers<'a> {
    fn among(set: &'a EmbeddedSet, ranking: Ranking) -> Result<Self, TrainError> {
        Self::new(set, set, ranking, true)
    }

    fn between(
        queries: &'a EmbeddedSet,
        gallery: &'a EmbeddedSet,
        ranking: Ranking,
    ) -> Result<Self, TrainError> {
        Self::new(queries, gallery, ranking, false)
    }

    fn new(
        queries: &'a EmbeddedSet,
        gallery: &'a EmbeddedSet,
        ranking: Ranking,
        leave_one_out: bool,
    ) -> Result<Self, TrainError> {
        let mut answers = Self {
            queries,
            gallery,
            leave_one_out,
            nearest: Vec::new(),
            correct: Vec::new(),
        };
        let terms = gallery.ranking_terms(ranking);
        answers.nearest = answers.search(&queries.mean, &gallery.mean, terms.as_deref())?;
        let found = answers.labels(&answers.nearest).zip(&queries.labels);
        answers.correct = found.map(|(found, label)| found == *label).collect();
        Ok(answers)
    }

    /// The scores that the method allows.
    fn available(&self) -> Vec<RiskScore> {
        let has = |score: &RiskScore| match score {
            RiskScore::Uncertainty => self.queries.deviation.is_some(),
            RiskScore::Confidence => !self.queries.samples.is_empty(),
            RiskScore::Distance => true,
        };
        RiskScore::ALL.into_iter().filter(has).collect()
    }

    fn curve(&self, score: RiskScore) -> Result<SelectiveCurve, TrainError> {
        let uncertainty = self.uncertainty(score)?;
        Ok(SelectiveCurve::new(&uncertainty, &self.correct)?)
    }

    /// Of every answer; high is unsure.
    fn uncertainty(&self, score: RiskScore) -> Result<Vec<f64>, TrainError> {
        match score {
            RiskScore::Uncertainty => {
                let of = |set: &'a EmbeddedSet| set.deviation.as_deref().unwrap_or_default();
                let nearest: Vec<u32> = self.nearest.iter().map(|n| n.index).collect();
                let (queries, gallery) = (of(self.queries), of(self.gallery));
                Ok(pair_uncertainty(
                    queries,
                    gallery,
                    self.queries.dim,
                    &nearest,
                )?)
            }
            RiskScore::Confidence => self.disagreement(),
            RiskScore::Distance => Ok(self.nearest.iter().map(|n| n.distance.sqrt()).collect()),
        }
    }

    /// Share of the weight samples that find a neighbour of another label than the answer's.
    fn disagreement(&self) -> Result<Vec<f64>, TrainError> {
        let mut against = vec![0_u32; self.nearest.len()];
        for (queries, gallery) in self.queries.samples.iter().zip(&self.gallery.samples) {
            let found = self.search(queries, gallery, None)?;
            let pairs = self.labels(&found).zip(self.labels(&self.nearest));
            for (against, (vote, answer)) in against.iter_mut().zip(pairs) {
                *against += u32::from(vote != answer);
            }
        }
        let samples = self.queries.samples.len().max(1) as f64;
        Ok(against.iter().map(|&n| f64::from(n) / samples).collect())
    }

    fn labels<'b>(&'b self, found: &'b [Neighbour]) -> impl Iterator<Item = u32> + 'b {
        let label = |n: &Neighbour| self.gallery.labels.get(n.index as usize).copied();
        found.iter().filter_map(label)
    }

    /// The nearest of the gallery `[N, D]` to each query, with a term `[N]` of each item added to the squared distance.
    fn search(
        &self,
        queries: &[f32],
        gallery: &[f32],
        terms: Option<&[f64]>,
    ) -> Result<Vec<Neighbour>, TrainError> {
        let dim = self.gallery.dim;
        let rows = Rows::new(gallery, dim)?;
        let images = rows.len();
        if images < 1 + usize::from(self.leave_one_out) {
            return Err(MetricError::TooFewImages { images }.into());
        }
        let first = |_, found: &[Neighbour]| found.first().copied();
        let index = Index::ranked(rows, terms)?;
        let found = if self.leave_one_out {
            index.map_rows(1, first)?
        } else {
            index.map(Rows::new(queries, dim)?, 1, first)?
        };
        // Every query has one, since the gallery is not empty.
        Ok(found.into_iter().flatten().collect())
    }
}
