//! Which uncertainty of an answer the threshold is put on.

use crate::{MetricError, RiskControl, RiskTarget, SelectiveCurve, ThresholdPlan};

/// One in so many answers plans the test; the others are tested.
const ONE_TO_PLAN_IN: usize = 4;

/// An uncertainty of an answer, that is of a query's nearest neighbour by mean embeddings; high is unsure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskScore {
    /// Spread of query and neighbour, as in AUSC.
    Uncertainty,
    /// Share of the weight samples whose nearest neighbour has another label than the answer.
    Confidence,
    /// Euclidean distance to the neighbour.
    Distance,
}

impl RiskScore {
    /// All, in the order of preference where two promise the same.
    pub const ALL: [Self; 3] = [Self::Uncertainty, Self::Confidence, Self::Distance];

    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uncertainty => "uncertainty",
            Self::Confidence => "confidence",
            Self::Distance => "distance",
        }
    }

    /// What it is, in a line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Uncertainty => "spread of query and nearest neighbour",
            Self::Confidence => "share of weight samples that vote against the answer",
            Self::Distance => "distance to the nearest neighbour",
        }
    }
}

/// The score and threshold that were chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredControl {
    /// What the threshold is on.
    pub score: RiskScore,
    /// The threshold, and the guarantee.
    pub control: RiskControl,
    /// Answers that chose the score and the order of thresholds, and were not tested.
    pub planned_on: usize,
    /// Every threshold on the answers that were tested.
    pub certification: SelectiveCurve,
}

/// Chooses a threshold on one of several scores of the same answers: every fourth answer plans, and of the scores the one
/// that promises to accept most is taken; the others certify. `scores` holds the uncertainty of every answer, `[N]` each,
/// `correct` whether it is right, `[N]`.
///
/// # Errors
/// No score; lengths that differ; values that are not finite; too few answers to be divided.
pub fn control_risk(
    scores: &[(RiskScore, Vec<f64>)],
    correct: &[bool],
    target: RiskTarget,
) -> Result<ScoredControl, MetricError> {
    let mut best: Option<(RiskScore, ThresholdPlan, SelectiveCurve)> = None;
    for (score, uncertainty) in scores {
        let certification = part(uncertainty, correct, false)?;
        let planning = part(uncertainty, correct, true)?;
        let plan = ThresholdPlan::new(&planning, target, certification.queries());
        let more = |(_, best, _): &(RiskScore, ThresholdPlan, SelectiveCurve)| {
            plan.predicted_coverage() > best.predicted_coverage()
        };
        if best.as_ref().is_none_or(more) {
            best = Some((*score, plan, certification));
        }
    }
    let (score, plan, certification) = best.ok_or(MetricError::Empty { what: "scores" })?;
    Ok(ScoredControl {
        score,
        control: plan.certify(&certification),
        planned_on: correct.len() - certification.queries(),
        certification,
    })
}

/// The answers that plan, or those that are tested.
fn part(uncertainty: &[f64], correct: &[bool], plans: bool) -> Result<SelectiveCurve, MetricError> {
    crate::error::check_length("uncertainties", correct.len(), uncertainty.len())?;
    let answers = uncertainty.iter().zip(correct).enumerate();
    let chosen = answers.filter(|(i, _)| i.is_multiple_of(ONE_TO_PLAN_IN) == plans);
    let (uncertainty, correct): (Vec<f64>, Vec<bool>) = chosen
        .map(|(_, (uncertainty, correct))| (*uncertainty, *correct))
        .unzip();
    SelectiveCurve::new(&uncertainty, &correct)
}
