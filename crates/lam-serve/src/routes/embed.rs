use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::search::{QueryBody, embeddings};
use crate::error::{Answered, ErrorBody, Failure};
use crate::state::Shared;

/// What the model says of an input.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EmbeddingBody {
    /// Mean direction, of length 1.
    mean: Vec<f32>,
    /// Deviation of every coordinate; null where the model gives none.
    sigma: Option<Vec<f32>>,
    /// One number, the deviations added up unless the run says `uncertainty: output`; null where the model gives none.
    uncertainty: Option<f64>,
}

/// One embedding, or a list of them for a list of vectors.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum EmbedBody {
    One(EmbeddingBody),
    Several {
        /// In the order of the vectors.
        embeddings: Vec<EmbeddingBody>,
    },
}

/// Embeds an image or vectors.
#[utoipa::path(
    post,
    path = "/embed",
    request_body(
        description = "An image (also as the field `image` of a form), or vectors.",
        content(
            (QueryBody = "application/json"),
            (String = "image/jpeg"),
            (String = "image/png"),
            (String = "image/webp"),
            (String = "multipart/form-data")
        )
    ),
    responses(
        (status = 200, description = "The embedding", body = EmbedBody),
        (status = 400, description = "Not an image, or not JSON", body = ErrorBody),
        (status = 401, description = "No token, or another", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "Too many bytes or pixels", body = ErrorBody),
        (status = 415, description = "A format that is not read", body = ErrorBody),
        (status = 422, description = "No model is served, or an input that it does not take", body = ErrorBody),
        (status = 503, description = "Too many requests are waiting: come again", body = ErrorBody)
    ),
    tag = "retrieval"
)]
pub(super) async fn embed(
    State(state): State<Shared>,
    request: Request,
) -> Answered<Json<EmbedBody>> {
    if state.encodings.is_none() {
        return Err(Failure::wrong(
            "no model is behind this server: there is nothing to embed with",
        ));
    }
    let (all, list) = embeddings(&state, request).await?;
    let bodies = (0..all.len()).map(|input| EmbeddingBody {
        mean: all.mean(input).to_vec(),
        sigma: all.sigma(input).map(<[f32]>::to_vec),
        uncertainty: all.uncertainty(input),
    });
    let mut bodies: Vec<EmbeddingBody> = bodies.collect();
    if list {
        return Ok(Json(EmbedBody::Several { embeddings: bodies }));
    }
    Ok(Json(EmbedBody::One(
        bodies.pop().ok_or_else(Failure::dropped)?,
    )))
}
