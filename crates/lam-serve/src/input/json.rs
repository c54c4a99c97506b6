//! JSON of requests.

use axum::body::Bytes;
use serde::de::DeserializeOwned;

use crate::error::{Answered, Failure};

/// More than this is parsed off the network's threads.
const LONG: usize = 64 << 10;

/// Parses a body, or says where and why it cannot be.
pub(crate) async fn parse<T: DeserializeOwned + Send + 'static>(body: Bytes) -> Answered<T> {
    if body.len() <= LONG {
        return parse_now(&body);
    }
    let parsed = tokio::task::spawn_blocking(move || parse_now(&body)).await;
    parsed.unwrap_or_else(|_| Err(Failure::dropped()))
}

fn parse_now<T: DeserializeOwned>(body: &[u8]) -> Answered<T> {
    // Serde takes a list for the fields in their order, which nobody means.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Failure::wrong(
            "the JSON is a list: an object with names is expected here",
        ));
    }
    serde_json::from_slice(body).map_err(|error| failure(body, &error))
}

fn failure(body: &[u8], error: &serde_json::Error) -> Failure {
    if error.is_data() {
        return Failure::wrong(format!("the JSON is not what is expected here: {error}"));
    }
    // Python writes NaN and infinities, which are no JSON; and a number may be too large for a vector's values.
    let line = body
        .split_inclusive(|byte| *byte == b'\n')
        .nth(error.line().saturating_sub(1));
    let column = error.column().saturating_sub(1);
    let around = line.and_then(|line| {
        let start = column.saturating_sub(9).min(line.len());
        line.get(start..(column + 9).min(line.len()))
    });
    let has = |word: &[u8]| around.is_some_and(|a| a.windows(word.len()).any(|w| w == word));
    let too_large = error.to_string().starts_with("number out of range");
    if too_large || has(b"NaN") || has(b"Infinity") {
        return Failure::wrong(format!(
            "a number at line {} column {} is not finite in 32 bits: vectors hold finite numbers",
            error.line(),
            error.column()
        ));
    }
    Failure::malformed(format!("the body is not valid JSON: {error}"))
}
