use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::error::{Answered, ErrorBody, Failure};
use crate::state::Shared;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Counts and times for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    responses(
        (status = 200, description = "Prometheus' text format", body = String, content_type = "text/plain"),
        (status = 401, description = "No token, or another", body = ErrorBody)
    ),
    tag = "server"
)]
pub(super) async fn metrics(State(state): State<Shared>) -> Answered<Response> {
    let text = state.metrics.text(state.store.view().len());
    let text = text.map_err(|_| Failure::internal("the metrics cannot be written"))?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
