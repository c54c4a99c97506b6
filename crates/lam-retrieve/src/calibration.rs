use lam_metrics::{RiskControl, RiskScore, RiskTarget, control_risk};
use lam_search::retrieval::Verdict;
use lam_search::store::{Fingerprint, View};
use serde::{Deserialize, Serialize};

use crate::retriever::Measured;
use crate::{Embeddings, Isotonic, RetrieveError, RetrieveOptions};

/// Fewer queries say nothing about a probability.
const FEWEST_QUERIES: usize = 50;

/// What became of one labelled query.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AnsweredQuery {
    /// Mean over dimensions of the query's deviation plus that of the item found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<f64>,
    /// Share of the samples that agree with the item found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<f64>,
    /// Distance to the item found.
    pub distance: f64,
    /// Whether its class is the query's.
    pub correct: bool,
}

impl AnsweredQuery {
    fn score(&self, score: RiskScore) -> Option<f64> {
        match score {
            RiskScore::Uncertainty => self.uncertainty,
            RiskScore::Confidence => self.agreement.map(|agreement| 1.0 - agreement),
            RiskScore::Distance => Some(self.distance),
        }
    }
}

/// Where a calibration comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Fingerprint of the model, 64 hexadecimal digits.
    pub fingerprint: String,
    /// What the queries were, for people.
    pub queries: String,
    /// Items in the index at the time.
    pub items: usize,
    /// Items per query and method do not matter; whether the graph found them does.
    pub approximate: bool,
}

/// What answers to labelled queries say about further answers from the same index.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    answered: Vec<AnsweredQuery>,
    provenance: Provenance,
    /// From agreement to the share of right answers; none where the model does not sample.
    confidence: Option<Isotonic>,
}

impl Calibration {
    /// Asks an index for the class of every query and remembers what became of it. `labels` are the queries' own, in the
    /// numbering of the index, `[N]`; `None` is a class that the index does not know, so that any answer is wrong. The
    /// queries must not be in the index.
    ///
    /// # Errors
    /// Fewer than 50 queries, an index without labels, and what the search can run into.
    pub fn measure(
        view: &View,
        queries: &Embeddings,
        labels: &[Option<u32>],
        options: &RetrieveOptions,
        source: &str,
    ) -> Result<Self, RetrieveError> {
        if labels.len() != queries.len() || queries.len() < FEWEST_QUERIES {
            return Err(RetrieveError::Calibration(format!(
                "{} labelled queries: a calibration takes at least {FEWEST_QUERIES}",
                labels.len().min(queries.len())
            )));
        }
        let measured = Measured::take(view, queries, &RetrieveOptions { k: 1, ..*options })?;
        let mut answered = Vec::with_capacity(labels.len());
        for (query, label) in labels.iter().enumerate() {
            let Some(found) = measured.label(query) else {
                continue;
            };
            answered.push(AnsweredQuery {
                uncertainty: measured.score(view, queries, query, RiskScore::Uncertainty),
                agreement: measured.agreement(query),
                distance: measured
                    .score(view, queries, query, RiskScore::Distance)
                    .unwrap_or_default(),
                correct: *label == Some(found),
            });
        }
        if answered.len() < FEWEST_QUERIES {
            return Err(RetrieveError::Calibration(format!(
                "only {} of {} queries found an item with a label: an index is calibrated by the classes of its items",
                answered.len(),
                labels.len()
            )));
        }
        let provenance = Provenance {
            fingerprint: view.spec().fingerprint.to_string(),
            queries: source.to_owned(),
            items: view.len(),
            approximate: matches!(
                options.method,
                lam_search::retrieval::Method::Approximate { .. }
            ),
        };
        Ok(Self::new(answered, provenance))
    }

    pub(crate) fn new(answered: Vec<AnsweredQuery>, provenance: Provenance) -> Self {
        let outcomes = answered
            .iter()
            .filter_map(|answer| Some((answer.agreement?, answer.correct)));
        Self {
            confidence: Isotonic::fit(outcomes),
            answered,
            provenance,
        }
    }

    /// Queries that it rests on.
    pub fn answered(&self) -> &[AnsweredQuery] {
        &self.answered
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Whether it was measured with this model.
    pub fn is_of(&self, fingerprint: Fingerprint) -> bool {
        self.provenance.fingerprint == fingerprint.to_string()
    }

    /// Share of right answers among the calibration queries.
    pub fn accuracy(&self) -> f64 {
        let right = self.answered.iter().filter(|answer| answer.correct).count();
        right as f64 / self.answered.len().max(1) as f64
    }

    /// Probability that an answer with this agreement is right.
    pub fn confidence(&self, agreement: Option<f64>) -> Option<f64> {
        Some(self.confidence.as_ref()?.at(agreement?))
    }

    /// The rule that keeps the share of wrong answers among the accepted ones at the target, by exact binomial tests in
    /// a fixed order ([`ThresholdPlan`](lam_metrics::ThresholdPlan)): of the scores that the model has, the one that
    /// promises to accept most, or the one asked for.
    ///
    /// # Errors
    /// [`RetrieveError::NoThreshold`] where nothing can be accepted; a score that the model does not have.
    pub fn rule(
        &self,
        target: RiskTarget,
        score: Option<RiskScore>,
    ) -> Result<Rule, RetrieveError> {
        let correct: Vec<bool> = self.answered.iter().map(|answer| answer.correct).collect();
        let wanted = RiskScore::ALL.into_iter();
        let wanted = wanted.filter(|candidate| score.is_none_or(|score| score == *candidate));
        let scores: Vec<(RiskScore, Vec<f64>)> = wanted
            .filter_map(|score| {
                let values = self.answered.iter().map(|answer| answer.score(score));
                Some((score, values.collect::<Option<Vec<f64>>>()?))
            })
            .collect();
        if let (Some(score), true) = (score, scores.is_empty()) {
            return Err(RetrieveError::Calibration(format!(
                "this index was calibrated without the score '{}'",
                score.name()
            )));
        }
        let chosen = control_risk(&scores, &correct, target)?;
        let threshold = chosen.control.threshold.ok_or(RetrieveError::NoThreshold {
            risk: target.risk(),
            confidence: target.confidence(),
            fewest: target.fewest_answers(),
            queries: self.answered.len(),
        })?;
        Ok(Rule {
            score: chosen.score,
            threshold,
            target,
            control: chosen.control,
        })
    }
}

/// Which answers to accept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// What the threshold is on.
    pub score: RiskScore,
    /// Answers with at most this uncertainty are accepted; infinite, all are.
    pub threshold: f64,
    /// What was asked for.
    pub target: RiskTarget,
    /// The guarantee, and the answers it rests on.
    pub control: RiskControl,
}

impl Rule {
    /// What it says to an answer with this uncertainty.
    pub fn verdict(&self, uncertainty: f64) -> Verdict {
        if uncertainty <= self.threshold {
            Verdict::Accepted
        } else {
            Verdict::Abstained
        }
    }
}
