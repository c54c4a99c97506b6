use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use lam_data::ImageFormat;

use crate::error::{Answered, ErrorBody, Failure};
use crate::input::{described, from_segment};
use crate::state::Shared;

/// The picture of an item.
#[utoipa::path(
    get,
    path = "/items/{id}/image",
    params(("id" = String, Path, description = "The id, as for `DELETE /items/{id}`.")),
    responses(
        (status = 200, description = "The picture", content(
            (Vec<u8> = "image/jpeg"),
            (Vec<u8> = "image/png"),
            (Vec<u8> = "image/webp")
        )),
        (status = 401, description = "No token, or another", body = ErrorBody),
        (status = 404, description = "There is no such item, or it has no picture", body = ErrorBody)
    ),
    tag = "items"
)]
pub(super) async fn picture(
    State(state): State<Shared>,
    id: Result<Path<String>, PathRejection>,
) -> Answered<Response> {
    let Path(id) = id.map_err(|error| Failure::malformed(error.body_text()))?;
    let id = from_segment(&id);
    let found = tokio::task::spawn_blocking(move || {
        let none = || Failure::not_found(format!("item {} has no picture here", described(&id)));
        let source = state.pictures.as_ref().ok_or_else(none)?;
        let (view, slot) = state.find(&id)?;
        let item = view.item(slot).ok_or_else(none)?;
        let picture = source.picture(&item).map_err(Failure::internal)?;
        picture.ok_or_else(none)
    });
    let bytes = found.await.map_err(|_| Failure::dropped())??;
    let kind = match ImageFormat::of(&bytes) {
        Some(ImageFormat::Jpeg) => "image/jpeg",
        Some(ImageFormat::Png) => "image/png",
        Some(ImageFormat::WebP) => "image/webp",
        None => {
            return Err(Failure::not_found(
                "the picture of this item is in no format that is shown",
            ));
        }
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "private, max-age=60"),
    ];
    Ok((headers, bytes).into_response())
}
