// What utoipa generates qualifies the parameters' type.
#![allow(unused_qualifications)]

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use lam_retrieve::Embeddings;
use lam_search::store::Item;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{Answered, ErrorBody, Failure};
use crate::input::{
    Given, IdBody, Payload, embed, embed_image, from_segment, limited, parameters, parse, read,
};
use crate::queue::NewItem;
use crate::state::{Shared, State as ServerState};

/// What an image is to be added as; or as fields of the form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ItemParameters {
    /// Its id: a whole number is a number, anything else a text, as in `/items/{id}`.
    id: Option<String>,
    /// Name of its class.
    class: Option<String>,
    /// Anything.
    metadata: Option<String>,
}

/// An item: an input of the model, or an embedding where it takes images or there is none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemBody {
    /// Its id, of which there is no other.
    id: IdBody,
    /// Its vector.
    vector: Vec<f32>,
    /// Deviations, if the vector is an embedding and the index stores them.
    sigma: Option<Vec<f32>>,
    /// Uncertainty, if the vector is an embedding; by default the deviations added up, where the model does that.
    uncertainty: Option<f64>,
    /// Name of its class; a new one is numbered.
    class: Option<String>,
    /// Number of its class, for classes without names.
    label: Option<u32>,
    /// Anything: a path, a line of JSON.
    #[serde(default)]
    metadata: String,
}

/// One item, or several in `items`, which are added together or not at all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddBody {
    /// Its id, of which there is no other.
    id: Option<IdBody>,
    /// Its vector.
    vector: Option<Vec<f32>>,
    /// Deviations, if the vector is an embedding and the index stores them.
    sigma: Option<Vec<f32>>,
    /// Uncertainty, if the vector is an embedding; by default the deviations added up, where the model does that.
    uncertainty: Option<f64>,
    /// Name of its class; a new one is numbered.
    class: Option<String>,
    /// Number of its class, for classes without names.
    label: Option<u32>,
    /// Anything: a path, a line of JSON.
    metadata: Option<String>,
    /// Several items.
    #[serde(default, deserialize_with = "limited")]
    items: Option<Vec<ItemBody>>,
}

impl AddBody {
    /// The items, or that both are given, or neither.
    fn items(self) -> Answered<Vec<ItemBody>> {
        match self {
            Self {
                id: Some(id),
                vector: Some(vector),
                sigma,
                uncertainty,
                class,
                label,
                metadata,
                items: None,
            } => Ok(vec![ItemBody {
                id,
                vector,
                sigma,
                uncertainty,
                class,
                label,
                metadata: metadata.unwrap_or_default(),
            }]),
            Self {
                id: None,
                vector: None,
                sigma: None,
                uncertainty: None,
                class: None,
                label: None,
                metadata: None,
                items: Some(items),
            } => Ok(items),
            _ => Err(Failure::wrong(
                "give one of {\"id\": …, \"vector\": […]} and {\"items\": [{\"id\": …, \"vector\": […]}, …]}",
            )),
        }
    }
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AddedBody {
    /// Items that were added, and are on the disk.
    added: usize,
    /// Items in the index now.
    items: usize,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RemovedBody {
    /// Items that were removed; their removal is on the disk.
    removed: usize,
    /// Items in the index now.
    items: usize,
}

/// Adds items. When this is answered they are on the disk and can be found.
#[utoipa::path(
    post,
    path = "/items",
    params(ItemParameters),
    request_body(
        description = "An image (also as the field `image` of a form, with fields `id`, `class`, `metadata`), or items.",
        content(
            (AddBody = "application/json"),
            (String = "image/jpeg"),
            (String = "image/png"),
            (String = "image/webp"),
            (String = "multipart/form-data")
        )
    ),
    responses(
        (status = 201, description = "Added", body = AddedBody),
        (status = 400, description = "Not an image, or not JSON", body = ErrorBody),
        (status = 401, description = "No token, or another", body = ErrorBody),
        (status = 409, description = "An id that is taken; nothing is added", body = ErrorBody),
        (status = 413, description = "Too many bytes or pixels", body = ErrorBody),
        (status = 415, description = "A format that is not read", body = ErrorBody),
        (status = 422, description = "A vector of another length or not finite; nothing is added", body = ErrorBody),
        (status = 503, description = "Too many requests are waiting: come again", body = ErrorBody),
        (status = 507, description = "The index is full", body = ErrorBody)
    ),
    tag = "items"
)]
pub(super) async fn add(
    State(state): State<Shared>,
    request: Request,
) -> Answered<(StatusCode, Json<AddedBody>)> {
    let asked: ItemParameters = parameters(request.uri())?;
    let items = match read(&state, request).await? {
        Payload::Image(bytes, fields) => {
            let about = merged(asked, fields)?;
            let embeddings = embed_image(&state, bytes).await?;
            vec![image_item(&state, about, &embeddings)?]
        }
        Payload::Json(bytes) => {
            if asked.id.is_some() || asked.class.is_some() || asked.metadata.is_some() {
                return Err(Failure::malformed(
                    "id, class and metadata of a vector stand beside it in the JSON, not in the query",
                ));
            }
            json_items(&state, parse(bytes).await?).await?
        }
    };
    let added = items.len();
    let items = state.changes.add(items).await?;
    Ok((StatusCode::CREATED, Json(AddedBody { added, items })))
}

/// Query parameters and fields of a form, each given once.
fn merged(asked: ItemParameters, mut fields: BTreeMap<String, String>) -> Answered<ItemParameters> {
    let mut one = |name: &str, parameter: Option<String>| match (parameter, fields.remove(name)) {
        (Some(_), Some(_)) => Err(Failure::malformed(format!(
            "{name} is both in the query and in the form"
        ))),
        (parameter, field) => Ok(parameter.or(field)),
    };
    Ok(ItemParameters {
        id: one("id", asked.id)?,
        class: one("class", asked.class)?,
        metadata: one("metadata", asked.metadata)?,
    })
}

fn image_item(
    state: &ServerState,
    about: ItemParameters,
    embeddings: &Embeddings,
) -> Answered<NewItem> {
    let id = about.id.ok_or_else(|| {
        Failure::wrong(
            "an image without an id: give one as a query parameter or a field of the form",
        )
    })?;
    let id = IdBody::from(&from_segment(&id)).checked()?;
    let item = Item {
        metadata: about.metadata.unwrap_or_default(),
        ..Item::new(0, Vec::new())
    };
    let item = embedded(state, Item { id, ..item }, embeddings, 0);
    Ok(NewItem {
        item,
        class: about.class,
    })
}

async fn json_items(state: &ServerState, body: AddBody) -> Answered<Vec<NewItem>> {
    let mut bodies = body.items()?;
    let mut take = |body: &mut ItemBody| {
        let given = Given {
            sigma: body.sigma.take(),
            uncertainty: body.uncertainty,
        };
        (std::mem::take(&mut body.vector), given)
    };
    let (vectors, given) = bodies.iter_mut().map(&mut take).unzip();
    let embeddings = embed(state, vectors, given).await?;
    let bodies = bodies.into_iter().enumerate();
    bodies
        .map(|(number, body)| {
            let item = Item {
                id: body.id.checked()?,
                label: body.label,
                metadata: body.metadata,
                ..Item::new(0, Vec::new())
            };
            Ok(NewItem {
                item: embedded(state, item, &embeddings, number),
                class: body.class,
            })
        })
        .collect()
}

/// An item with its embedding, with as much of it as the index stores.
fn embedded(state: &ServerState, item: Item, embeddings: &Embeddings, number: usize) -> Item {
    let spread = state.store.view().spec().spread;
    let sigma = embeddings.sigma(number).filter(|_| spread);
    Item {
        mean: embeddings.mean(number).to_vec(),
        sigma: sigma.map(<[f32]>::to_vec),
        uncertainty: embeddings.uncertainty(number),
        ..item
    }
}

/// Removes an item.
#[utoipa::path(
    delete,
    path = "/items/{id}",
    params((
        "id" = String,
        Path,
        description = "The id, percent-encoded. A whole number is a number; a JSON string in quotes (`%227%22`) is that text; anything else is the text itself."
    )),
    responses(
        (status = 200, description = "Removed", body = RemovedBody),
        (status = 401, description = "No token, or another", body = ErrorBody),
        (status = 404, description = "There is no such item", body = ErrorBody),
        (status = 503, description = "Too many requests are waiting: come again", body = ErrorBody)
    ),
    tag = "items"
)]
pub(super) async fn remove(
    State(state): State<Shared>,
    id: Result<Path<String>, PathRejection>,
) -> Answered<Json<RemovedBody>> {
    let Path(id) = id.map_err(|error| Failure::malformed(error.body_text()))?;
    let items = state.changes.remove(from_segment(&id)).await?;
    Ok(Json(RemovedBody { removed: 1, items }))
}
