use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::error::{Answered, ErrorBody, Failure};
use crate::map::MapBody;
use crate::state::Shared;

/// The index from above. Made in the background, and made again when the index has changed enough.
#[utoipa::path(
    get,
    path = "/map",
    responses(
        (status = 200, description = "The map", body = MapBody),
        (status = 401, description = "No token, or another", body = ErrorBody),
        (status = 503, description = "It is being made: come again", body = ErrorBody)
    ),
    tag = "retrieval"
)]
pub(super) async fn map(State(state): State<Shared>) -> Answered<Response> {
    let map = state.map.latest();
    let map = map.ok_or_else(|| Failure::busy("the map is being drawn: come again in a moment"))?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kind, map.json.clone()).into_response())
}
