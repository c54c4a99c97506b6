//! What a record of the log says.

use super::{Item, ItemId, Spec};

const PUT: u8 = 1;
const REMOVE: u8 = 2;
const THRESHOLD: u8 = 3;
const NUMBER: u8 = 0;
const TEXT: u8 = 1;

/// A change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Record {
    /// Adds the item; one with the same id gives way.
    Put(Item),
    Remove(ItemId),
    Threshold(Option<f64>),
}

pub(crate) fn encode_put(item: &Item, out: &mut Vec<u8>) {
    out.push(PUT);
    encode_id(&item.id, out);
    encode_option(item.label.map(u32::to_le_bytes), out);
    encode_option(item.uncertainty.map(f64::to_le_bytes), out);
    out.push(u8::from(item.class.is_some()));
    if let Some(class) = &item.class {
        encode_text(class, out);
    }
    encode_text(&item.metadata, out);
    for value in item.mean.iter().chain(item.sigma.iter().flatten()) {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

pub(crate) fn encode_remove(id: &ItemId, out: &mut Vec<u8>) {
    out.push(REMOVE);
    encode_id(id, out);
}

pub(crate) fn encode_threshold(threshold: Option<f64>, out: &mut Vec<u8>) {
    out.push(THRESHOLD);
    encode_option(threshold.map(f64::to_le_bytes), out);
}

fn encode_id(id: &ItemId, out: &mut Vec<u8>) {
    match id {
        ItemId::Number(number) => {
            out.push(NUMBER);
            out.extend_from_slice(&number.to_le_bytes());
        }
        ItemId::Text(text) => {
            out.push(TEXT);
            encode_text(text, out);
        }
    }
}

fn encode_option<const N: usize>(value: Option<[u8; N]>, out: &mut Vec<u8>) {
    out.push(u8::from(value.is_some()));
    out.extend_from_slice(&value.unwrap_or([0; N]));
}

/// Texts longer than the largest record are refused after encoding, by the record's length.
fn encode_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Reads a payload; `None` if it says nothing.
pub(crate) fn decode(payload: &[u8], spec: &Spec) -> Option<Record> {
    let mut input = Input(payload);
    let record = match input.byte()? {
        PUT => Record::Put(input.item(spec)?),
        REMOVE => Record::Remove(input.id()?),
        THRESHOLD => Record::Threshold(input.option()?.map(f64::from_le_bytes)),
        _ => return None,
    };
    input.0.is_empty().then_some(record)
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn option<const N: usize>(&mut self) -> Option<Option<[u8; N]>> {
        let is_some = self.byte()? != 0;
        let value = self.array()?;
        Some(is_some.then_some(value))
    }

    fn text(&mut self) -> Option<String> {
        let length = u32::from_le_bytes(self.array()?) as usize;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).ok().map(Into::into)
    }

    fn id(&mut self) -> Option<ItemId> {
        match self.byte()? {
            NUMBER => self.array().map(u64::from_le_bytes).map(ItemId::Number),
            TEXT => self.text().map(ItemId::Text),
            _ => None,
        }
    }

    fn floats(&mut self, count: usize) -> Option<Vec<f32>> {
        let (values, _) = self.take(count.checked_mul(4)?)?.as_chunks();
        Some(values.iter().map(|&v| f32::from_le_bytes(v)).collect())
    }

    fn item(&mut self, spec: &Spec) -> Option<Item> {
        Some(Item {
            id: self.id()?,
            label: self.option()?.map(u32::from_le_bytes),
            uncertainty: self.option()?.map(f64::from_le_bytes),
            class: match self.byte()? {
                0 => None,
                _ => Some(self.text()?),
            },
            metadata: self.text()?,
            mean: self.floats(spec.dim)?,
            sigma: match spec.spread {
                true => Some(self.floats(spec.dim)?),
                false => None,
            },
        })
    }
}
