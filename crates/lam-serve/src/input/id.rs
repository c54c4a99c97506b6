//! Ids of items in JSON and in paths.

use std::fmt::Write;

use lam_search::store::ItemId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Answered, Failure};

/// The id of an item: a number or a text. `7` and `"7"` are two ids.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "an id is a whole number from 0 to 2⁶⁴ − 1 or a text"
)]
pub(crate) enum IdBody {
    /// A whole number from 0 to 2⁶⁴ − 1.
    Number(u64),
    /// A text of 1 to 1,024 bytes.
    Text(String),
}

/// A longer one does not fit into every path.
const LONGEST: usize = 1024;

impl IdBody {
    /// As the index has it.
    pub(crate) fn checked(self) -> Answered<ItemId> {
        match self {
            Self::Number(number) => Ok(ItemId::Number(number)),
            Self::Text(text) if (1..=LONGEST).contains(&text.len()) => Ok(ItemId::Text(text)),
            Self::Text(text) => Err(Failure::wrong(format!(
                "an id of {} bytes: an id has 1 to {LONGEST}",
                text.len()
            ))),
        }
    }
}

impl From<&ItemId> for IdBody {
    fn from(id: &ItemId) -> Self {
        match id {
            ItemId::Number(number) => Self::Number(*number),
            ItemId::Text(text) => Self::Text(text.clone()),
        }
    }
}

/// The id that a part of a path means, percent signs decoded: a whole number as JSON writes it is a number, a JSON string in
/// quotes is that text, and anything else is the text itself.
pub(crate) fn from_segment(segment: &str) -> ItemId {
    if let Ok(number) = segment.parse::<u64>()
        && number.to_string() == segment
    {
        return ItemId::Number(number);
    }
    if segment.starts_with('"')
        && let Ok(text) = serde_json::from_str(segment)
    {
        return ItemId::Text(text);
    }
    ItemId::Text(segment.to_owned())
}

/// The part of a path that means an id, percent-encoded.
pub(crate) fn to_segment(id: &ItemId) -> String {
    let text = match id {
        ItemId::Number(number) => return number.to_string(),
        ItemId::Text(text) => text,
    };
    // Dots alone would be taken for folders.
    let is_folder = matches!(text.as_str(), "" | "." | "..");
    let quoted = || serde_json::Value::from(text.as_str()).to_string();
    let plain = if is_folder || from_segment(text) != *id {
        quoted()
    } else {
        text.clone()
    };
    let mut segment = String::with_capacity(plain.len());
    for byte in plain.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

/// As JSON has it, cut where it is long.
pub(crate) fn described(id: &ItemId) -> String {
    match id {
        ItemId::Number(number) => number.to_string(),
        ItemId::Text(text) => {
            let shown: String = text.chars().take(80).collect();
            let rest = if shown.len() < text.len() { "…" } else { "" };
            format!("{:?}{rest}", shown)
        }
    }
}
