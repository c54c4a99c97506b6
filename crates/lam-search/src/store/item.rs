//! What an index holds of one image.

use std::fmt;

/// What the caller calls an item; unique within an index. `Number(7)` and `Text("7")` are two ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemId {
    /// A number.
    Number(u64),
    /// A name: a path, say.
    Text(String),
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl From<u64> for ItemId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for ItemId {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for ItemId {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// One item to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name.
    pub id: ItemId,
    /// Class, below `u32::MAX`.
    pub label: Option<u32>,
    /// Name of the class; the same for all items with the label.
    pub class: Option<String>,
    /// Anything: a path, a line of JSON. Never interpreted.
    pub metadata: String,
    /// Mean direction of the embedding, `[D]`, of length 1.
    pub mean: Vec<f32>,
    /// Deviation of every coordinate, `[D]`; given for all items of an index or for none.
    pub sigma: Option<Vec<f32>>,
    /// One number for how uncertain the embedding is; larger is less certain.
    pub uncertainty: Option<f64>,
}

impl Item {
    /// An item of which only the embedding `[D]` is known.
    pub fn new(id: impl Into<ItemId>, mean: Vec<f32>) -> Self {
        Self {
            id: id.into(),
            label: None,
            class: None,
            metadata: String::new(),
            mean,
            sigma: None,
            uncertainty: None,
        }
    }
}

/// An item as it lies in an index.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemView<'v> {
    /// Its place in the view; other views may have it elsewhere.
    pub slot: u32,
    /// Its name.
    pub id: ItemId,
    /// Class.
    pub label: Option<u32>,
    /// Name of the class.
    pub class: Option<&'v str>,
    /// What the caller gave with it.
    pub metadata: &'v str,
    /// Mean direction, `[D]`.
    pub mean: &'v [f32],
    /// Deviations, `[D]`.
    pub sigma: Option<&'v [f32]>,
    /// Scalar uncertainty.
    pub uncertainty: Option<f64>,
}

impl ItemView<'_> {
    /// A copy to keep.
    pub fn to_item(&self) -> Item {
        Item {
            id: self.id.clone(),
            label: self.label,
            class: self.class.map(Into::into),
            metadata: self.metadata.into(),
            mean: self.mean.to_vec(),
            sigma: self.sigma.map(<[f32]>::to_vec),
            uncertainty: self.uncertainty,
        }
    }
}
