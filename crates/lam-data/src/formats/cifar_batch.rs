//! CIFAR-10's own files: binary batches and python batches.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use lam_pickle::{Id, Node, Pickle};

use super::numpy_array::{byte_array, bytes_of, refuse_other_calls};
use crate::{DataError, LayoutError};

/// Bytes of an image, `[3, 32, 32]`.
const IMAGE: usize = 3 * 32 * 32;

/// Most images of one file; the official ones have ten thousand.
const MOST_IMAGES: usize = 1_000_000;

/// More values than a million images have, each with its label and the name of its file.
const MAX_VALUES: usize = 8 * MOST_IMAGES;

/// Images of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CifarBatch {
    /// `[N]`.
    pub labels: Vec<u8>,
    /// `[N, 3, 32, 32]`.
    pixels: Vec<u8>,
}

impl CifarBatch {
    /// Pixels, `[N, 3, 32, 32]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Labels `[N]` and pixels `[N, 3, 32, 32]`.
    pub fn into_parts(self) -> (Vec<u8>, Vec<u8>) {
        (self.labels, self.pixels)
    }
}

/// Reads a binary batch, `data_batch_1.bin` say: images one after another, the label before the pixels.
///
/// # Errors
/// [`DataError::Io`]; [`LayoutError::WrongFormat`] if its size is not that of whole images.
pub fn read_cifar_batch(file: &Path) -> Result<CifarBatch, DataError> {
    let bytes = read(file, "a binary CIFAR batch")?;
    let record = 1 + IMAGE;
    if bytes.is_empty() || bytes.len() % record != 0 {
        return Err(LayoutError::WrongFormat {
            file: file.into(),
            format: "a binary CIFAR batch",
            reason: format!(
                "{} bytes, expected a multiple of {record} (label and 3×32×32 values of each image)",
                bytes.len()
            ),
        }
        .into());
    }
    let mut batch = CifarBatch {
        labels: Vec::with_capacity(bytes.len() / record),
        pixels: Vec::with_capacity(bytes.len() / record * IMAGE),
    };
    for image in bytes.chunks_exact(record) {
        batch.labels.push(image[0]);
        batch.pixels.extend_from_slice(&image[1..]);
    }
    Ok(batch)
}

/// Reads a python batch, `data_batch_1` say: a pickled dictionary of `labels` and `data`.
///
/// Nothing in it is executed: whatever is not a plain value or a NumPy array of bytes is refused.
///
/// # Errors
/// [`DataError::Io`]; [`LayoutError::WrongFormat`] if it is something else or damaged.
pub fn read_cifar_pickle(file: &Path) -> Result<CifarBatch, DataError> {
    const FORMAT: &str = "a python CIFAR batch";
    let wrong = |reason: String| LayoutError::WrongFormat {
        file: file.into(),
        format: FORMAT,
        reason,
    };
    let bytes = read(file, FORMAT)?;
    let pickle = lam_pickle::read(&bytes, MAX_VALUES).map_err(|e| wrong(e.to_string()))?;
    refuse_other_calls(&pickle).map_err(wrong)?;
    let entry = |name: &str| {
        let mut entries = pickle.entries(pickle.root()).unwrap_or_default().iter();
        let found = entries
            .find(|(key, _)| bytes_of(&pickle, *key).is_some_and(|key| *key == *name.as_bytes()));
        found
            .map(|&(_, value)| value)
            .ok_or_else(|| wrong(format!("no entry '{name}'")))
    };
    let labels = small_integers(&pickle, entry("labels")?)
        .ok_or_else(|| wrong("'labels' is no list of numbers below 256".into()))?;
    let data = byte_array(&pickle, entry("data")?).map_err(|e| wrong(format!("'data': {e}")))?;
    let data = data.ok_or_else(|| wrong("'data' is no NumPy array of bytes".to_owned()))?;
    let shape = data.shape;
    if shape[..] != [labels.len(), IMAGE] || labels.is_empty() {
        let found = format!(
            "'data' is of shape {shape:?}, expected [{}, {IMAGE}] for {} labels",
            labels.len(),
            labels.len()
        );
        return Err(wrong(found).into());
    }
    Ok(CifarBatch {
        labels,
        pixels: data.values.into_owned(),
    })
}

/// A list of numbers from 0 to 255.
fn small_integers(pickle: &Pickle<'_>, id: Id) -> Option<Vec<u8>> {
    let number = |&item: &Id| match pickle.node(item) {
        Node::Int(number) => u8::try_from(*number).ok(),
        _ => None,
    };
    pickle.items(id)?.iter().map(number).collect()
}

fn read(file: &Path, format: &'static str) -> Result<Vec<u8>, DataError> {
    let reading = |source| DataError::io(file, "reading", source);
    let limit = (MOST_IMAGES * (1 + IMAGE)) as u64;
    let mut bytes = Vec::new();
    File::open(file)
        .map_err(reading)?
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(reading)?;
    if bytes.len() as u64 > limit {
        return Err(LayoutError::WrongFormat {
            file: file.into(),
            format,
            reason: format!("more than {limit} bytes"),
        }
        .into());
    }
    Ok(bytes)
}
