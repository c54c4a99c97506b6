//! What a point carries besides its vectors.

use std::collections::HashMap;

use lam_search::store::{ItemId, ItemView};
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::{PointId, Value};

use super::point_id;
use crate::Digest;

pub(super) type Payload = HashMap<String, Value>;

const ID: &str = "id";
const LABEL: &str = "label";
const CLASS: &str = "class";
const METADATA: &str = "metadata";
const UNCERTAINTY: &str = "uncertainty";
pub(super) const DIGEST: &str = "digest";

/// What is not known has no key.
pub(super) fn encode(item: &ItemView<'_>, digest: Digest) -> Payload {
    let id = match &item.id {
        // The point's own id.
        ItemId::Number(_) => None,
        ItemId::Text(text) => Some(Value::from(text.clone())),
    };
    let entries = [
        (ID, id),
        (LABEL, item.label.map(|label| i64::from(label).into())),
        (CLASS, item.class.map(Value::from)),
        (METADATA, Some(item.metadata.into())),
        (UNCERTAINTY, item.uncertainty.map(Value::from)),
        (DIGEST, Some(digest.to_hex().into())),
    ];
    entries
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

/// What is said of an item; the reason if it is not ours.
pub(super) struct Content {
    pub(super) id: ItemId,
    pub(super) label: Option<u32>,
    pub(super) class: Option<String>,
    pub(super) metadata: String,
    pub(super) uncertainty: Option<f64>,
}

pub(super) fn decode(point: Option<&PointId>, payload: &Payload) -> Result<Content, String> {
    let key = point.and_then(point_id::to_key);
    let key = key.ok_or("a point has no id")?;
    let id = match (text(payload, ID), key.parse()) {
        (_, Ok(number)) => ItemId::Number(number),
        (Some(text), Err(_)) => ItemId::Text(text.into()),
        (None, Err(_)) => return Err(format!("point {key} has no id in its payload")),
    };
    if point_id::encode(&id) != key {
        return Err(format!(
            "point {key} belongs to another id than {id}, which its payload names"
        ));
    }
    Ok(Content {
        id,
        label: match kind(payload, LABEL) {
            Some(Kind::IntegerValue(label)) => u32::try_from(*label).ok(),
            _ => None,
        },
        class: text(payload, CLASS).map(Into::into),
        metadata: text(payload, METADATA).unwrap_or_default().into(),
        uncertainty: match kind(payload, UNCERTAINTY) {
            Some(Kind::DoubleValue(value)) => Some(*value),
            // A whole number may lose its point on its way through JSON.
            Some(Kind::IntegerValue(value)) => Some(*value as f64),
            _ => None,
        },
    })
}

pub(super) fn digest(payload: &Payload) -> Option<Digest> {
    Digest::from_hex(text(payload, DIGEST)?)
}

fn kind<'p>(payload: &'p Payload, key: &str) -> Option<&'p Kind> {
    payload.get(key)?.kind.as_ref()
}

pub(super) fn text<'p>(payload: &'p Payload, key: &str) -> Option<&'p str> {
    match kind(payload, key)? {
        Kind::StringValue(text) => Some(text),
        _ => None,
    }
}
