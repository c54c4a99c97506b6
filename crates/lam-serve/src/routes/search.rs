// What utoipa generates qualifies the parameters' type.
#![allow(unused_qualifications)]

use axum::Json;
use axum::extract::{Request, State};
use lam_retrieve::{Answer, Embeddings, RetrieveOptions};
use lam_search::Ranking;
use lam_search::store::View;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::{AnswerBody, body};
use crate::error::{Answered, ErrorBody, Failure};
use crate::input::{Given, Payload, embed, embed_image, limited, parameters, parse, read};
use crate::map::{Map, PlaceBody};
use crate::queue::Searched;
use crate::state::Shared;

/// Neighbours in one answer, over all its queries.
const MOST_NEIGHBOURS: usize = 100_000;

/// How to search.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchParameters {
    /// Neighbours per query.
    #[param(minimum = 1)]
    k: Option<usize>,
    /// By the distance of the means, or by the expected distance under both spreads.
    ranking: Option<RankingBody>,
    /// Whether to say where the query lies on the map.
    #[serde(default)]
    map: bool,
}

/// What the nearest is.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RankingBody {
    /// Distance between the means.
    Distance,
    /// Expected distance under both spreads.
    Expected,
}

/// One vector or several: inputs of the model, or embeddings where it takes images or there is none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryBody {
    /// One vector, for one answer.
    vector: Option<Vec<f32>>,
    /// Deviations of that vector, if it is an embedding.
    sigma: Option<Vec<f32>>,
    /// Uncertainty of that vector, if it is an embedding; by default its deviations added up, where the model does that.
    uncertainty: Option<f64>,
    /// Several vectors, for as many answers.
    #[serde(default, deserialize_with = "limited")]
    vectors: Option<Vec<Vec<f32>>>,
}

/// One answer for one query, or a list of them for a list of vectors.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum SearchBody {
    One(Box<AnswerBody>),
    Several {
        /// In the order of the vectors.
        answers: Vec<AnswerBody>,
    },
}

/// Embeddings of a body, and whether it is a list.
pub(super) async fn embeddings(state: &Shared, request: Request) -> Answered<(Embeddings, bool)> {
    let json = match read(state, request).await? {
        Payload::Image(bytes, fields) => {
            if let Some(field) = fields.keys().next() {
                return Err(Failure::malformed(format!(
                    "a field {field:?} beside the image: it is for items to be added"
                )));
            }
            return Ok((embed_image(state, bytes).await?, false));
        }
        Payload::Json(bytes) => bytes,
    };
    let query: QueryBody = parse(json).await?;
    match query {
        QueryBody {
            vector: Some(vector),
            vectors: None,
            sigma,
            uncertainty,
        } => {
            let given = Given { sigma, uncertainty };
            Ok((embed(state, vec![vector], vec![given]).await?, false))
        }
        QueryBody {
            vector: None,
            vectors: Some(vectors),
            sigma: None,
            uncertainty: None,
        } => Ok((embed(state, vectors, Vec::new()).await?, true)),
        _ => Err(Failure::wrong(
            "give one of {\"vector\": […]} (with \"sigma\" or \"uncertainty\", if it is an embedding) and {\"vectors\": [[…], …]}",
        )),
    }
}

/// Searches with an image or with vectors.
#[utoipa::path(
    post,
    path = "/search",
    params(SearchParameters),
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
        (status = 200, description = "What was found, and whether to rely on it", body = SearchBody),
        (status = 400, description = "Not an image, or not JSON", body = ErrorBody),
        (status = 401, description = "No token, or another", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "Too many bytes or pixels", body = ErrorBody),
        (status = 415, description = "A format that is not read", body = ErrorBody),
        (status = 422, description = "A vector of another length or not finite, a `k` out of range", body = ErrorBody),
        (status = 503, description = "Too many requests are waiting: come again", body = ErrorBody)
    ),
    tag = "retrieval"
)]
pub(super) async fn search(
    State(state): State<Shared>,
    request: Request,
) -> Answered<Json<SearchBody>> {
    let asked: SearchParameters = parameters(request.uri())?;
    let options = options(&state, &asked)?;
    let (queries, list) = embeddings(&state, request).await?;
    if queries.len().saturating_mul(options.k) > MOST_NEIGHBOURS {
        return Err(Failure::wrong(format!(
            "{} queries of {} neighbours each: a request is answered with at most {MOST_NEIGHBOURS} neighbours",
            queries.len(),
            options.k
        )));
    }
    let searched = state.searches.search(queries, options).await?;
    let map = if asked.map { state.map.latest() } else { None };
    let Searched {
        answers,
        queries,
        view,
    } = searched;
    let bodies = answers.into_iter().enumerate().map(|(query, answer)| {
        let place = map
            .as_deref()
            .map(|map| place(map, &view, &queries, query, &answer));
        body(&state, view.threshold(), answer, place)
    });
    let mut bodies: Vec<AnswerBody> = bodies.collect();
    if list {
        return Ok(Json(SearchBody::Several { answers: bodies }));
    }
    let one = bodies.pop().ok_or_else(Failure::dropped)?;
    Ok(Json(SearchBody::One(Box::new(one))))
}

fn options(state: &Shared, asked: &SearchParameters) -> Answered<RetrieveOptions> {
    let default = state.options.search;
    let k = asked.k.unwrap_or(default.k);
    let most = state.options.limits.k;
    if !(1..=most).contains(&k) {
        return Err(Failure::wrong(format!("k = {k}: it is from 1 to {most}")));
    }
    let ranking = match asked.ranking {
        None => default.ranking,
        Some(RankingBody::Distance) => Ranking::Distance,
        Some(RankingBody::Expected) => Ranking::Expected,
    };
    Ok(RetrieveOptions {
        k,
        ranking,
        ..default
    })
}

/// Where a query and what was found for it lie on the map.
fn place(map: &Map, view: &View, queries: &Embeddings, query: usize, answer: &Answer) -> PlaceBody {
    let slots = answer.found.iter().filter_map(|found| found.slot);
    let neighbours = slots.filter_map(|slot| Some(map.at(view.item(slot)?.mean)));
    let samples = queries.samples.as_ref().and_then(|samples| {
        let each = samples.per_input * queries.dim;
        samples.values.get(query * each..(query + 1) * each)
    });
    map.place(
        queries.mean(query),
        queries.sigma(query),
        samples,
        neighbours.collect(),
    )
}
