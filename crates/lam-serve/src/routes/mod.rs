//! What can be asked for.

mod answer;
mod document;
mod embed;
mod health;
mod index;
mod items;
mod map;
mod metrics;
mod page;
mod picture;
mod search;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::Failure;
use crate::server::{guard, panicked};
use crate::state::Shared;

pub(crate) use page::CONTENT_SECURITY_POLICY;

/// All routes, behind the guard.
pub(crate) fn router(state: Shared) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/page.css", get(page::style))
        .route("/page.js", get(page::script))
        .route("/health", get(health::health))
        .route("/openapi.json", get(document::openapi))
        .route("/index", get(index::index))
        .route("/map", get(map::map))
        .route("/metrics", get(metrics::metrics))
        .route("/search", post(search::search))
        .route("/embed", post(embed::embed))
        .route("/items", post(items::add))
        .route("/items/{id}", delete(items::remove))
        .route("/items/{id}/image", get(picture::picture))
        .fallback(unknown)
        .method_not_allowed_fallback(other_method)
        // What is read is limited where it is read.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(panicked(state.metrics.clone())))
        .layer(from_fn_with_state(state.clone(), guard))
        .with_state(state)
}

async fn unknown(uri: Uri) -> Failure {
    Failure::not_found(format!(
        "there is nothing at {}: /openapi.json lists what there is",
        uri.path()
    ))
}

async fn other_method(method: Method, uri: Uri) -> Failure {
    Failure::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!(
            "{} does not take {method}: /openapi.json lists what it takes",
            uri.path()
        ),
    )
}
