use axum::Json;
use axum::extract::State;
use lam_retrieve::Accepts;
use lam_search::Ranking;
use lam_search::retrieval::Method;
use lam_search::store::GraphState;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ErrorBody;
use crate::state::Shared;

/// What is served.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IndexBody {
    /// What it is called.
    name: String,
    /// Items that can be found.
    items: usize,
    /// Classes that have a name.
    classes: usize,
    /// Size of an embedding.
    dim: usize,
    /// Whether deviations are stored, so that the expected distance can be ranked by.
    spread: bool,
    /// Fingerprint of the model.
    fingerprint: String,
    /// Whether images are taken.
    images: bool,
    /// Values of a vector that is taken.
    vector: usize,
    /// Whether the index is calibrated, so that answers have a confidence.
    calibrated: bool,
    /// Share of wrong answers among the accepted ones that is asked for, if it is.
    risk: Option<f64>,
    /// Whether pictures of items are served.
    pictures: bool,
    /// `exact`, or `approximate` by a graph.
    method: &'static str,
    /// Whether that graph is there; until then all items are looked at.
    graph: bool,
    /// How often the index was compacted, from 1.
    generation: u64,
    /// Neighbours per query, unless asked otherwise.
    k: usize,
    /// `distance` or `expected`, unless asked otherwise.
    ranking: &'static str,
    /// Bytes of a body that are read, at most.
    body_bytes: usize,
}

/// What is served, and how.
#[utoipa::path(
    get,
    path = "/index",
    responses(
        (status = 200, description = "The index", body = IndexBody),
        (status = 401, description = "No token, or another", body = ErrorBody)
    ),
    tag = "server"
)]
pub(super) async fn index(State(state): State<Shared>) -> Json<IndexBody> {
    let view = state.store.view();
    let spec = view.spec();
    let search = state.options.search;
    Json(IndexBody {
        name: state.name.clone(),
        items: view.len(),
        classes: view.classes().len(),
        dim: spec.dim,
        spread: spec.spread,
        fingerprint: spec.fingerprint.to_string(),
        images: state.accepts() == Some(Accepts::Images),
        vector: match state.accepts() {
            Some(Accepts::Vectors(length)) => length,
            _ => spec.dim,
        },
        calibrated: state.retriever.calibration().is_some(),
        risk: state.retriever.rule().map(|rule| rule.target.risk()),
        pictures: state.pictures.is_some(),
        method: match search.method {
            Method::Exact => "exact",
            Method::Approximate { .. } => "approximate",
        },
        graph: matches!(view.graph(), GraphState::Ready(_)),
        generation: view.generation(),
        k: search.k,
        ranking: match search.ranking {
            Ranking::Distance => "distance",
            Ranking::Expected => "expected",
        },
        body_bytes: state.options.limits.body_bytes,
    })
}
