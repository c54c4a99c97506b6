//! `--risk`.

use std::path::Path;

use clap::{Args, ValueEnum};
use lam_metrics::{RiskScore, RiskTarget};
use lam_retrieve::{Calibration, RetrieveError, Retriever};
use lam_train::evaluate::RiskRequest;

use crate::error::CliError;
use crate::printer::Printer;

/// Which answers are accepted.
#[derive(Debug, Clone, Args)]
pub struct RiskArgs {
    /// Choose which answers to accept, so that at most this share of them is wrong; of an index, after `lam index calibrate`
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    risk: Option<f64>,

    /// Probability that the threshold keeps to the risk
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.95,
        requires = "risk",
        allow_negative_numbers = true
    )]
    confidence: f64,

    /// What the threshold is on; by default what promises to accept most
    #[arg(long, requires = "risk")]
    score: Option<Score>,
}

/// A score on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Score {
    /// Spread of query and nearest neighbour
    Uncertainty,
    /// Share of weight samples that vote for the answer
    Confidence,
    /// Distance to the nearest neighbour
    Distance,
}

impl From<Score> for RiskScore {
    fn from(score: Score) -> Self {
        match score {
            Score::Uncertainty => Self::Uncertainty,
            Score::Confidence => Self::Confidence,
            Score::Distance => Self::Distance,
        }
    }
}

impl RiskArgs {
    /// What is asked for, if anything is.
    pub fn request(&self) -> Result<Option<RiskRequest>, CliError> {
        let score = self.score.map(RiskScore::from);
        let request = |risk| RiskRequest::new(risk, self.confidence, score);
        Ok(self.risk.map(request).transpose()?)
    }

    /// What is known of answers from an index, and the rule asked for; says which rule that is.
    pub fn retriever(&self, index: &Path, printer: &Printer) -> Result<Retriever, CliError> {
        let calibration = Calibration::load(index)?;
        let Some(risk) = self.risk else {
            return Ok(Retriever::new(calibration, None));
        };
        let target = RiskTarget::new(risk, self.confidence).map_err(RetrieveError::from)?;
        let known = calibration.as_ref().ok_or(RetrieveError::NotCalibrated)?;
        let rule = known.rule(target, self.score.map(RiskScore::from))?;
        let held_out = rule.control.held_out;
        printer.note(format!(
            "accepted: {} ≤ {:.4}; of {} calibration answers {} accepted, {} of them wrong",
            rule.score.meaning(),
            rule.threshold,
            held_out.queries,
            held_out.accepted,
            held_out.wrong
        ));
        Ok(Retriever::new(calibration, Some(rule)))
    }
}
