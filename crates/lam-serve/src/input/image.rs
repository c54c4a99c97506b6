//! Images of requests.

use axum::body::Bytes;
use axum::http::StatusCode;
use lam_data::decode;
use lam_retrieve::{Accepts, Embeddings};

use crate::error::{Answered, Failure};
use crate::queue::OwnedInput;
use crate::state::State;

/// Decodes an image file and embeds it.
pub(crate) async fn embed_image(state: &State, bytes: Bytes) -> Answered<Embeddings> {
    let Some(encodings) = &state.encodings else {
        let dim = state.store.view().spec().dim;
        return Err(no_images(format!(
            "no model is behind this server: send a vector of {dim} values as JSON"
        )));
    };
    if let Accepts::Vectors(length) = encodings.accepts() {
        return Err(no_images(format!(
            "this model takes no images: send a vector of {length} values as JSON"
        )));
    }
    let permit = state.decoding.clone().acquire_owned().await;
    let permit = permit.map_err(|_| Failure::dropped())?;
    let limits = state.decode_limits();
    let decoded = tokio::task::spawn_blocking(move || decode(&bytes, limits)).await;
    let picture = decoded.map_err(|_| Failure::dropped())??;
    let input = OwnedInput::Image {
        picture,
        _held: permit,
    };
    encodings.embed(vec![input]).await
}

fn no_images(message: String) -> Failure {
    Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
}
