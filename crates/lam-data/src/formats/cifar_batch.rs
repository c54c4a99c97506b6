//! CIFAR-10's own files: binary batches and python batches.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::pickle::{self, Value};
use crate::{DataError, LayoutError};

/// Bytes of an image, `[3, 32, 32]`.
const IMAGE: usize = 3 * 32 * 32;

/// Most images of one file; the official ones have ten thousand.
const MOST_IMAGES: usize = 1_000_000;

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
    let pickled = pickle::read(&bytes).map_err(wrong)?;
    let labels = match pickled.entry("labels") {
        Some(Value::List(_) | Value::Tuple(_)) => pickled.small_integers("labels"),
        Some(_) => None,
        None => return Err(wrong("no entry 'labels'".to_owned()).into()),
    };
    let labels = labels.ok_or_else(|| wrong("'labels' is no list of numbers below 256".into()))?;
    let (shape, pixels) = match pickled.entry("data") {
        Some(Value::Array { shape, data }) => (shape, pickled.bytes(data)),
        Some(_) => return Err(wrong("'data' is no NumPy array of bytes".to_owned()).into()),
        None => return Err(wrong("no entry 'data'".to_owned()).into()),
    };
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
        pixels: pixels.to_vec(),
    })
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
