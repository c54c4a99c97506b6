use axum::Json;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{embed, health, index, items, map, metrics, picture, search};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "LAM",
        description = "Retrieval that says how sure it is. Where a token is asked for, it is sent as `Authorization: Bearer …`."
    ),
    paths(
        search::search,
        embed::embed,
        items::add,
        items::remove,
        picture::picture,
        map::map,
        index::index,
        health::health,
        metrics::metrics,
        openapi
    ),
    components(schemas(search::RankingBody)),
    modifiers(&Bearer),
    security((), ("token" = []))
)]
struct Routes;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// This document. Takes no token.
#[utoipa::path(
    get,
    path = "/openapi.json",
    responses((status = 200, description = "The document", content_type = "application/json")),
    tag = "server"
)]
pub(super) async fn openapi() -> Json<Document> {
    Json(Routes::openapi())
}
