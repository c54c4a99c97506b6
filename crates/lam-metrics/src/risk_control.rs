//! A threshold on the uncertainty such that accepted answers are seldom wrong, with a guarantee that
//! holds for finite samples.
//!
//! **The risk among the accepted**, P(wrong | accepted), need not fall with the threshold, so conformal
//! risk control, which asks for a monotone loss, does not apply to it. [`ThresholdPlan`] tests instead
//! (Learn then Test, Angelopoulos et al. 2021, arXiv 2110.01052; selective classification, Geifman and
//! El-Yaniv 2017, arXiv 1705.08500): of k accepted answers e are wrong, and for a threshold that was
//! fixed beforehand e is Binomial(k, risk). The hypothesis "risk > r" is rejected where
//! `P(Bin(k, r) ≤ e) ≤ δ`. Thresholds are tested in a fixed order, each at the whole level δ, until the
//! first that is not rejected: if any rejection is false, then the first true hypothesis of the order
//! was rejected, which has a probability of at most δ. Hence, with probability 1 − δ over the held-out
//! answers, the chosen threshold has a risk of at most r.
//!
//! The order, the grid and the choice of a score may depend on data, but on other data than those that
//! are tested. Therefore there are two steps: [`ThresholdPlan::new`] sees one part of the held-out
//! answers, [`ThresholdPlan::certify`] the other.
//!
//! **The joint risk**, P(accepted and wrong), does rise with the threshold.
//! [`joint_risk_threshold`] controls it by conformal risk control (Angelopoulos et al. 2022, arXiv
//! 2208.02814): in expectation, without the δ, and about all queries and not the accepted ones.

use crate::{MetricError, Selection, SelectiveCurve, binomial_cdf, binomial_upper_bound};

/// Distinct thresholds of a plan, at most. Testing in a fixed order costs nothing for more of them.
const GRID: usize = 200;

/// What is asked of the accepted answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskTarget {
    risk: f64,
    confidence: f64,
}

impl RiskTarget {
    /// At most a share of `risk` of the accepted answers wrong, with probability `confidence`.
    ///
    /// # Errors
    /// Either is not between 0 and 1: no finite sample shows that nothing can go wrong.
    pub fn new(risk: f64, confidence: f64) -> Result<Self, MetricError> {
        for (what, value) in [("the risk", risk), ("the confidence", confidence)] {
            if !(value > 0.0 && value < 1.0) {
                return Err(MetricError::NotBetween { what, value });
            }
        }
        Ok(Self { risk, confidence })
    }

    /// Share of the accepted answers that may be wrong, r.
    pub fn risk(&self) -> f64 {
        self.risk
    }

    /// Probability that the threshold keeps to it, 1 − δ.
    pub fn confidence(&self) -> f64 {
        self.confidence
    }

    /// Accepted answers without a single wrong one that it takes to certify anything.
    pub fn fewest_answers(&self) -> usize {
        // (1 − r)^k ≤ δ.
        let fewest = (1.0 - self.confidence).ln() / (-self.risk).ln_1p();
        fewest.ceil() as usize
    }

    /// Whether e wrong ones of k accepted show that the risk is at most r.
    fn is_shown_by(&self, selection: &Selection) -> bool {
        self.p_value(selection.wrong, selection.accepted) <= 1.0 - self.confidence
    }

    fn p_value(&self, wrong: usize, accepted: usize) -> f64 {
        binomial_cdf(wrong, accepted, self.risk)
    }
}

/// Thresholds in the order in which they will be tested.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdPlan {
    target: RiskTarget,
    /// Ascending; the last one accepts everything.
    thresholds: Vec<f64>,
    predicted_coverage: f64,
}

impl ThresholdPlan {
    /// Plans the test of a score on `certification` answers from other answers, `tuning`: quantiles of
    /// their uncertainty, from the one that is easiest to certify upwards.
    pub fn new(tuning: &SelectiveCurve, target: RiskTarget, certification: usize) -> Self {
        let grid = quantiles(tuning);
        let scale = certification as f64 / tuning.queries() as f64;
        let predicted: Vec<f64> = grid
            .iter()
            .map(|(_, selection)| {
                // Laplace's rule of succession, so that few answers do not pass for perfect ones.
                let risk = (selection.wrong as f64 + 1.0) / (selection.accepted as f64 + 2.0);
                let accepted = (selection.accepted as f64 * scale).floor();
                target.p_value((accepted * risk).ceil() as usize, accepted as usize)
            })
            .collect();
        let easiest = predicted
            .iter()
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(b.1))
            .map_or(0, |(i, _)| i);
        let passing = predicted
            .iter()
            .skip(easiest)
            .take_while(|p| **p <= 1.0 - target.confidence)
            .count();
        let reached = (easiest + passing).checked_sub(1);
        let reached = reached.filter(|_| passing > 0).and_then(|i| grid.get(i));
        Self {
            target,
            thresholds: grid.iter().skip(easiest).map(|(t, _)| *t).collect(),
            predicted_coverage: reached.map_or(0.0, |(_, selection)| selection.coverage()),
        }
    }

    /// The coverage to be expected; by it one may choose between scores.
    pub fn predicted_coverage(&self) -> f64 {
        self.predicted_coverage
    }

    /// Tests the thresholds on answers that the plan has not seen, and takes the last that passes.
    pub fn certify(&self, held_out: &SelectiveCurve) -> RiskControl {
        let passed = self
            .thresholds
            .iter()
            .map(|&threshold| (threshold, held_out.at(threshold)))
            .take_while(|(_, selection)| self.target.is_shown_by(selection))
            .last();
        let (threshold, held_out) = match passed {
            Some((threshold, selection)) => (Some(threshold), selection),
            None => (None, held_out.nothing()),
        };
        RiskControl {
            threshold,
            held_out,
            upper_bound: threshold.map(|_| {
                binomial_upper_bound(held_out.wrong, held_out.accepted, self.target.confidence)
            }),
        }
    }
}

/// At most [`GRID`] thresholds with what each accepts, the last one infinite.
fn quantiles(curve: &SelectiveCurve) -> Vec<(f64, Selection)> {
    let mut grid = Vec::with_capacity(GRID.min(curve.steps().len()));
    let mut next = 1;
    for (threshold, selection) in curve.steps() {
        if selection.accepted * GRID >= next * curve.queries() {
            grid.push((threshold, selection));
            next = selection.accepted * GRID / curve.queries() + 1;
        }
    }
    if let Some((last, _)) = grid.last_mut() {
        *last = f64::INFINITY;
    }
    grid
}

/// The threshold that was chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskControl {
    /// Answers with at most this uncertainty are accepted: infinite, all are; `None`, none can be.
    pub threshold: Option<f64>,
    /// What it accepts of the answers it was certified on.
    pub held_out: Selection,
    /// With the confidence asked for, the risk is below; at most the risk asked for. `None` where
    /// nothing is accepted.
    pub upper_bound: Option<f64>,
}

impl RiskControl {
    /// What the threshold accepts of other answers.
    pub fn apply(&self, answers: &SelectiveCurve) -> Selection {
        self.threshold
            .map_or_else(|| answers.nothing(), |threshold| answers.at(threshold))
    }
}

/// The largest threshold at which the expected share of answers that are accepted *and* wrong is at most
/// `risk`, by conformal risk control on n held-out answers: `(e + 1)/(n + 1) ≤ risk`. Infinite where
/// everything can be accepted, `None` where nothing can (n + 1 < 1/risk).
///
/// The guarantee is `E[wrong and accepted] ≤ risk` for a further answer exchangeable with those held out.
pub fn joint_risk_threshold(held_out: &SelectiveCurve, risk: f64) -> Option<f64> {
    let bound = |wrong: usize| (wrong as f64 + 1.0) / (held_out.queries() as f64 + 1.0);
    let passes = |selection: &Selection| bound(selection.wrong) <= risk;
    if passes(&held_out.at(f64::INFINITY)) {
        return Some(f64::INFINITY);
    }
    let kept = held_out.steps().take_while(|(_, kept)| passes(kept));
    kept.last().map(|(threshold, _)| threshold)
}
