//! Bodies and query parameters of requests.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Multipart, Query, Request};
use axum::http::{StatusCode, Uri, header};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use crate::error::{Answered, Failure};
use crate::server::BodyDeadline;
use crate::state::State;

/// What a body holds.
pub(crate) enum Payload {
    /// An image file, with the fields beside it.
    Image(Bytes, BTreeMap<String, String>),
    Json(Bytes),
}

const EXPECTED: &str = "send an image (image/jpeg, image/png, image/webp, or multipart/form-data with a field 'image'), or application/json";
/// Of a body that is too large so much more is read, so that its sender comes to hear of it.
const LINGER_BYTES: usize = 64 << 20;
const LINGER: Duration = Duration::from_secs(2);

/// The query parameters.
pub(crate) fn parameters<T: DeserializeOwned>(uri: &Uri) -> Answered<T> {
    let parsed = Query::try_from_uri(uri).map(|Query(parameters)| parameters);
    parsed.map_err(|error| {
        let reason = error.body_text();
        let reason = reason.rsplit("query string: ").next().unwrap_or_default();
        Failure::malformed(format!("the query parameters cannot be read: {reason}"))
    })
}

/// Reads a body within the limits.
pub(crate) async fn read(state: &State, request: Request) -> Answered<Payload> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    let kind = kind.to_ascii_lowercase();
    let known = ["multipart/form-data", "application/json"].contains(&kind.as_str())
        || kind.starts_with("image/");
    if !known {
        let what = if kind.is_empty() {
            "the body has no content type".to_owned()
        } else {
            format!("a body of type {kind} is not taken")
        };
        let message = format!("{what}: {EXPECTED}");
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let (parts, body) = request.into_parts();
    let deadline = parts.extensions.get::<BodyDeadline>();
    let deadline = *deadline.ok_or_else(Failure::dropped)?;
    let bytes = collect(body, state.options.limits.body_bytes, deadline).await?;
    match kind.as_str() {
        "application/json" => Ok(Payload::Json(bytes)),
        "multipart/form-data" => form(Request::from_parts(parts, Body::from(bytes))).await,
        _ => Ok(Payload::Image(bytes, BTreeMap::new())),
    }
}

/// All bytes of a body.
async fn collect(mut body: Body, most: usize, deadline: BodyDeadline) -> Answered<Bytes> {
    let too_large = || {
        Failure::too_large(format!(
            "the body has more than the {most} bytes that are read"
        ))
    };
    if body.size_hint().lower() > most as u64 {
        linger(body).await;
        return Err(too_large());
    }
    let mut all: Vec<u8> = Vec::new();
    loop {
        let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let frame = timeout_at(deadline.at, frame).await.map_err(|_| {
            Failure::new(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body did not arrive within {:?}", deadline.within),
            )
        })?;
        let Some(frame) = frame else {
            return Ok(all.into());
        };
        let frame = frame.map_err(|_| Failure::malformed("the body is not whole"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if all.len() + data.len() > most {
            linger(body).await;
            return Err(too_large());
        }
        all.extend_from_slice(&data);
    }
}

/// Reads on for a little: a connection that is closed while its peer still sends takes the answer with it.
async fn linger(mut body: Body) {
    let deadline = Instant::now() + LINGER;
    let mut read = 0;
    while read < LINGER_BYTES {
        let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        match timeout_at(deadline, frame).await {
            Ok(Some(Ok(frame))) => read += frame.data_ref().map_or(0, Bytes::len),
            _ => return,
        }
    }
}

/// A form with an image.
async fn form(request: Request) -> Answered<Payload> {
    let broken = |reason: String| Failure::malformed(format!("the form cannot be read: {reason}"));
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| broken(error.body_text()))?;
    let mut image = None;
    let mut fields = BTreeMap::new();
    while let Some(field) = form.next_field().await.map_err(|e| broken(e.body_text()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let twice = match name.as_str() {
            "image" => {
                let bytes = field.bytes().await.map_err(|e| broken(e.body_text()))?;
                image.replace(bytes).is_some()
            }
            "id" | "class" | "metadata" => {
                let text = field.text().await.map_err(|e| broken(e.body_text()))?;
                fields.insert(name.clone(), text).is_some()
            }
            _ => {
                return Err(broken(format!(
                    "a field {name:?} is not known; there are image, id, class, metadata"
                )));
            }
        };
        if twice {
            return Err(broken(format!("the field {name:?} is there twice")));
        }
    }
    let image = image.ok_or_else(|| broken("it has no field 'image'".into()))?;
    Ok(Payload::Image(image, fields))
}
