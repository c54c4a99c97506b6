//! What every request passes before its route.

use std::any::Any;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response as Sent, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::{Instant, timeout_at};

use super::origin;
use crate::error::{Answered, Failure};
use crate::metrics::Metrics;
use crate::routes::CONTENT_SECURITY_POLICY;
use crate::state::{Shared, State as ServerState};

/// Answered to everyone: they say nothing about what is served.
const OPEN: [&str; 5] = ["/", "/page.css", "/page.js", "/health", "/openapi.json"];
/// Answered however busy the server is: they cost nothing, and tell an operator what is wrong.
const LIGHT: [&str; 3] = ["/index", "/map", "/metrics"];

/// When a body must have arrived: a little before the request is given up, so that its sender hears what was wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyDeadline {
    pub(crate) at: Instant,
    /// After the request's header.
    pub(crate) within: Duration,
}

/// Lets a request through to its route, within the limits; counts it; and says to browsers what they may do with the answer.
pub(crate) async fn guard(State(state): State<Shared>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let path = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let _in_flight = Counted::new(&state.metrics.in_flight);
    let mut response = match pass(&state, path, request, next).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let status = response.status().as_u16();
    state.metrics.request(method, path, status, begun.elapsed());
    response
}

async fn pass(
    state: &ServerState,
    path: &str,
    mut request: Request,
    next: Next,
) -> Answered<Response> {
    match state.options.token() {
        None => origin::check(request.headers())?,
        Some(token) if !OPEN.contains(&path) => {
            let given = bearer(request.headers());
            if !given.is_some_and(|given| token.is(given)) {
                return Err(Failure {
                    header: Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
                    ..Failure::new(
                        StatusCode::UNAUTHORIZED,
                        "this server asks for a token: send it as Authorization: Bearer …",
                    )
                });
            }
        }
        Some(_) => {}
    }
    if OPEN.contains(&path) || LIGHT.contains(&path) {
        return Ok(next.run(request).await);
    }
    let within = state.options.limits.timeout;
    let body_within = within * 9 / 10;
    let begun = Instant::now();
    request.extensions_mut().insert(BodyDeadline {
        at: begun + body_within,
        within: body_within,
    });
    let answered = timeout_at(begun + within, async {
        let _room = state.gate.enter().await.inspect_err(|_| {
            state.metrics.rejected.inc();
        })?;
        Ok(next.run(request).await)
    });
    answered.await.unwrap_or_else(|_| {
        Err(Failure::busy(format!(
            "this took longer than {within:?}; a change that was asked for may still be made"
        )))
    })
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// A peer can send any method: only these are counted by name.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

/// Counts up, and down when it is dropped.
struct Counted<'g>(&'g Gauge);

impl<'g> Counted<'g> {
    fn new(gauge: &'g Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What is answered when a handler panics.
pub(crate) fn panicked(
    metrics: Metrics,
) -> impl Fn(Box<dyn Any + Send + 'static>) -> Sent<Body> + Clone {
    move |_| {
        metrics.panics.inc();
        Failure::dropped().into_response()
    }
}
