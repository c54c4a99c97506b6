//! Answers to queries, as JSON.

use lam_metrics::RiskScore;
use lam_retrieve::{Answer, Found, Retriever};
use lam_search::retrieval::Verdict;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::{IdBody, to_segment};
use crate::map::PlaceBody;
use crate::state::State;

/// The answer to one query.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AnswerBody {
    /// Items, nearest first.
    neighbours: Vec<NeighbourBody>,
    /// How uncertain the query's embedding is; null where the model does not say.
    uncertainty: Option<f64>,
    /// Share of the model's samples whose nearest item has the first neighbour's class; null where the model does not
    /// sample.
    agreement: Option<f64>,
    /// Probability that the first neighbour's class is right; null where the index is not calibrated.
    confidence: Option<f64>,
    /// Whether the query is of a kind that the index does not hold; null where the server was not asked to tell.
    novel: Option<bool>,
    /// Whether to rely on it.
    verdict: VerdictBody,
    /// Why, in a sentence.
    reason: String,
    /// Where the query lies on the map; only if asked for and there is a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<PlaceBody>,
}

/// Whether to rely on an answer.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum VerdictBody {
    /// It is as certain as was asked for.
    Accepted,
    /// It is not: not sure.
    Abstained,
    /// Nothing was asked for, or the model does not say how uncertain it is.
    Undecided,
}

/// An item that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NeighbourBody {
    /// Its id.
    id: IdBody,
    /// Name of its class.
    class: Option<String>,
    /// Number of its class.
    label: Option<u32>,
    /// Distance between the mean directions, 0 to 2.
    distance: f64,
    /// Root of the expected squared distance under both spreads, where that was the ranking.
    expected: Option<f64>,
    /// How uncertain its embedding is.
    uncertainty: Option<f64>,
    /// What was stored with it.
    metadata: String,
    /// Path of its picture, where pictures are served; the item may still have none.
    image: Option<String>,
}

impl VerdictBody {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Abstained => "abstained",
            Self::Undecided => "undecided",
        }
    }
}

impl From<Verdict> for VerdictBody {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accepted => Self::Accepted,
            Verdict::Abstained => Self::Abstained,
            Verdict::Undecided => Self::Undecided,
        }
    }
}

/// As it is sent.
pub(super) fn body(
    state: &State,
    threshold: Option<f64>,
    answer: Answer,
    map: Option<PlaceBody>,
) -> AnswerBody {
    let verdict = VerdictBody::from(answer.verdict);
    state.metrics.verdict(verdict.name());
    let reason = reason(state, threshold, &answer);
    let pictures = state.pictures.is_some();
    AnswerBody {
        uncertainty: answer.uncertainty,
        agreement: answer.agreement,
        confidence: answer.confidence,
        novel: answer.novel,
        verdict,
        reason,
        map,
        neighbours: answer
            .found
            .into_iter()
            .map(|found| neighbour(found, pictures))
            .collect(),
    }
}

fn neighbour(found: Found, pictures: bool) -> NeighbourBody {
    NeighbourBody {
        image: pictures.then(|| format!("/items/{}/image", to_segment(&found.id))),
        id: IdBody::from(&found.id),
        class: found.class,
        label: found.label,
        distance: found.distance,
        expected: found.expected,
        uncertainty: found.uncertainty,
        metadata: found.metadata,
    }
}

/// Why an answer is accepted or not.
fn reason(state: &State, threshold: Option<f64>, answer: &Answer) -> String {
    if answer.found.is_empty() {
        return "the index is empty".into();
    }
    if let Some(reason) = novelty_reason(&state.retriever, answer) {
        return reason;
    }
    let Some(rule) = state.retriever.rule() else {
        return match (answer.verdict, answer.uncertainty, threshold) {
            (Verdict::Accepted, Some(value), Some(most)) => format!(
                "the query's uncertainty of {} is within the index's threshold of {}",
                short(value),
                short(most)
            ),
            (Verdict::Abstained, Some(value), Some(most)) => format!(
                "the query's uncertainty of {} is above the index's threshold of {}",
                short(value),
                short(most)
            ),
            (_, None, _) => "the query has no uncertainty to decide by".into(),
            _ => "the index has no threshold to decide by".into(),
        };
    };
    let (what, higher) = match rule.score {
        RiskScore::Uncertainty => ("the spread of the query and of what was found", "wider"),
        RiskScore::Confidence => ("the share of the model's samples that disagree", "larger"),
        RiskScore::Distance => ("the distance to the nearest item", "longer"),
    };
    let risk = percent(rule.target.risk());
    match answer.verdict {
        Verdict::Accepted => {
            format!("{what} is within what keeps the share of wrong answers at {risk} or less")
        }
        Verdict::Abstained => {
            format!(
                "{what} is {higher} than what keeps the share of wrong answers at {risk} or less"
            )
        }
        Verdict::Undecided => format!("{what} is not known for this query"),
    }
}

/// Where the query's kind decides: it is unknown, or nothing else was asked.
fn novelty_reason(retriever: &Retriever, answer: &Answer) -> Option<String> {
    let most = short(retriever.novelty()?.threshold);
    let value = short(answer.uncertainty?);
    match (answer.novel?, answer.verdict) {
        (true, _) => Some(format!(
            "the query's uncertainty of {value} is above {most}: it is of a kind that the index does not hold"
        )),
        (false, Verdict::Accepted) if retriever.rule().is_none() => Some(format!(
            "the query's uncertainty of {value} is not above {most}: it is of a kind that the index holds"
        )),
        (false, _) => None,
    }
}

/// Three significant digits.
fn short(value: f64) -> String {
    let scientific = format!("{value:.2e}");
    // What was written as a number is one.
    scientific
        .parse::<f64>()
        .map_or(scientific, |rounded| rounded.to_string())
}

/// `5 %`, `0.5 %`.
fn percent(share: f64) -> String {
    let rounded = (share * 1e4).round() / 100.0;
    format!("{rounded} %")
}
