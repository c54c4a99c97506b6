//! Retrieval and uncertainty metrics over plain slices.
//!
//! | metric | says | range | where |
//! |---|---|---|---|
//! | recall@k | share of queries with a positive among the k nearest | 0–1, high is good | [`RetrievalAccumulator`] |
//! | map@k, map@r | mean average precision at k, at the number of positives | 0–1, high | [`RetrievalAccumulator`] |
//! | auroc, auprc | whether uncertainty tells foreign images from known ones | 0–1, high | [`BinaryRanking`] |
//! | ausc | accuracy as the most uncertain queries are removed | 0–98/99, high | [`Sparsification`] |
//! | ece | whether confidence is how often the model is right | 0–1, low | [`Calibration`] |
//! | brier, nll | the same, by proper scores: no bins | 0–1, 0–∞, low | [`ProperScores`] |
//! | r_auroc | whether uncertainty tells wrong neighbours from right ones | 0–1, high | [`r_auroc`] |
//!
//! [`Baselines`] measures scores that need no fitted posterior, and the other spreads of one, by the same figures ([`ScalarScore`]).
//! [`ThresholdPlan`] chooses which answers to accept so that few of them are wrong, with a guarantee.
//!
//! [`evaluate`] computes all of them for one labelled set, [`evaluate_places`] for queries in a database,
//! with whatever [`Relevance`] says is a right answer. Neighbours are exact
//! ([`lam_search`]), sums are in `f64`, and results depend neither on the number of threads nor on
//! their timing. What is not defined (a query without positives, an area without both classes) is
//! left out and counted, `None`, or an error that says so; a number that comes back is never NaN.

mod baseline;
mod binomial;
mod calibration;
mod error;
mod evaluate;
mod neighbours;
mod proper_scores;
mod ranking;
mod referral;
mod relevance;
mod retrieval;
mod risk_control;
mod risk_score;
mod score;
mod selective;
mod sparsification;
mod uncertainty;
mod unit_sum;
mod votes;

pub use baseline::{Baseline, BaselineInputs, Baselines};
pub use binomial::{binomial_cdf, binomial_upper_bound};
pub use calibration::{Bin, Calibration};
pub use error::MetricError;
pub use evaluate::{
    Evaluation, LabelledSet, OutOfDistribution, PlaceSet, evaluate, evaluate_places,
};
pub use neighbours::{
    Nearest, RetrievalEvaluation, evaluate_retrieval, evaluate_retrieval_between,
};
pub use proper_scores::ProperScores;
pub use ranking::{BinaryRanking, Curve};
pub use referral::r_auroc;
pub use relevance::{ListedPositives, PositivesWhere, Relevance, SameLabel};
pub use retrieval::{Cutoffs, QueryScore, RetrievalAccumulator, RetrievalSummary};
pub use risk_control::{RiskControl, RiskTarget, ThresholdPlan, joint_risk_threshold};
pub use risk_score::{RiskScore, ScoredControl, control_risk};
pub use score::{ScalarScore, ScoreEvaluation, Spread};
pub use selective::{Selection, SelectiveCurve};
pub use sparsification::Sparsification;
pub use uncertainty::{ood_scores, pair_uncertainty};
pub use votes::{NeighbourVotes, Votes, neighbour_votes};
