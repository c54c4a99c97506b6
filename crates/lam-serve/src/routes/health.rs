use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// That the server answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthBody {
    /// `ok`.
    status: &'static str,
    /// Version of the program.
    version: &'static str,
}

/// Whether the server answers. Takes no token.
#[utoipa::path(
    get,
    path = "/health",
    responses((status = 200, description = "It does", body = HealthBody)),
    tag = "server"
)]
pub(super) async fn health() -> Json<HealthBody> {
    Json(HealthBody {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}
