//! Items column by column, as the snapshot has them.

use super::{Item, ItemId};

/// Text or a number: `[offset into the text, length | kind << 32]`, or `[number, NUMBER << 32]`.
pub(crate) type Reference = [u64; 2];

const NUMBER: u64 = 1;
/// Label of an item without one.
pub(crate) const NO_LABEL: u32 = u32::MAX;

/// Columns of N items, wherever they lie. References point into the text (checked when a file is opened).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub(crate) dim: usize,
    /// `[N, D]`.
    pub(crate) means: &'a [f32],
    /// `[N, D]`, or empty.
    pub(crate) sigmas: &'a [f32],
    /// `[N]`, NaN for none.
    pub(crate) uncertainties: &'a [f64],
    /// `[N]`.
    pub(crate) labels: &'a [u32],
    /// `[N]`.
    pub(crate) ids: &'a [Reference],
    /// `[N]`.
    pub(crate) metadata: &'a [Reference],
    pub(crate) text: &'a [u8],
}

impl<'a> Columns<'a> {
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    pub(crate) fn mean(&self, row: usize) -> &'a [f32] {
        &self.means[row * self.dim..(row + 1) * self.dim]
    }

    pub(crate) fn sigma(&self, row: usize) -> Option<&'a [f32]> {
        self.sigmas.get(row * self.dim..(row + 1) * self.dim)
    }

    pub(crate) fn uncertainty(&self, row: usize) -> Option<f64> {
        Some(self.uncertainties[row]).filter(|value| !value.is_nan())
    }

    pub(crate) fn label(&self, row: usize) -> Option<u32> {
        Some(self.labels[row]).filter(|&label| label != NO_LABEL)
    }

    pub(crate) fn id(&self, row: usize) -> ItemId {
        let reference = self.ids[row];
        match number(reference) {
            Some(number) => ItemId::Number(number),
            None => ItemId::Text(text(reference, self.text).unwrap_or_default().into()),
        }
    }

    pub(crate) fn metadata(&self, row: usize) -> &'a str {
        text(self.metadata[row], self.text).unwrap_or_default()
    }
}

/// The number that a reference holds.
pub(crate) fn number(reference: Reference) -> Option<u64> {
    (reference[1] == NUMBER << 32).then_some(reference[0])
}

pub(crate) fn of_number(number: u64) -> Reference {
    [number, NUMBER << 32]
}

/// A reference to `length` bytes from `offset`.
pub(crate) fn of_text(offset: usize, length: usize) -> Reference {
    [offset as u64, length as u64]
}

/// The text that a reference points to, if it does.
pub(crate) fn text(reference: Reference, text: &[u8]) -> Option<&str> {
    let start = usize::try_from(reference[0]).ok()?;
    let length = u32::try_from(reference[1]).ok()? as usize;
    let bytes = text.get(start..start.checked_add(length)?)?;
    std::str::from_utf8(bytes).ok()
}

/// Columns in memory.
#[derive(Debug, Clone)]
pub(crate) struct OwnedColumns {
    dim: usize,
    means: Vec<f32>,
    sigmas: Vec<f32>,
    uncertainties: Vec<f64>,
    labels: Vec<u32>,
    ids: Vec<Reference>,
    metadata: Vec<Reference>,
    text: Vec<u8>,
}

impl OwnedColumns {
    pub(crate) fn new(dim: usize) -> Self {
        Self {
            dim,
            means: Vec::new(),
            sigmas: Vec::new(),
            uncertainties: Vec::new(),
            labels: Vec::new(),
            ids: Vec::new(),
            metadata: Vec::new(),
            text: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Adds an item that has passed [`super::Spec::check_item`].
    pub(crate) fn push(&mut self, item: &Item) {
        self.means.extend_from_slice(&item.mean);
        if let Some(sigma) = &item.sigma {
            self.sigmas.extend_from_slice(sigma);
        }
        self.uncertainties
            .push(item.uncertainty.unwrap_or(f64::NAN));
        self.labels.push(item.label.unwrap_or(NO_LABEL));
        let id = match &item.id {
            ItemId::Number(number) => of_number(*number),
            ItemId::Text(text) => self.append(text),
        };
        self.ids.push(id);
        let metadata = self.append(&item.metadata);
        self.metadata.push(metadata);
    }

    fn append(&mut self, text: &str) -> Reference {
        let offset = self.text.len();
        self.text.extend_from_slice(text.as_bytes());
        of_text(offset, text.len())
    }

    pub(crate) fn columns(&self) -> Columns<'_> {
        Columns {
            dim: self.dim,
            means: &self.means,
            sigmas: &self.sigmas,
            uncertainties: &self.uncertainties,
            labels: &self.labels,
            ids: &self.ids,
            metadata: &self.metadata,
            text: &self.text,
        }
    }
}
