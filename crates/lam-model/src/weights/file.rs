//! Any file of weights, as a table of contents.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;

use super::half::Element;
use super::{WeightsError, pth, safetensors, torch};

/// A file of weights: its tensors by name, each read when asked for.
#[derive(Debug)]
pub struct WeightsFile {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

/// A tensor in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub shape: Vec<usize>,
    /// In elements.
    pub strides: Vec<usize>,
    pub element: Element,
    /// Where its storage begins, in bytes.
    pub start: u64,
    /// Elements of the storage from there on that belong to the tensor: one more than the index of its last one.
    pub extent: usize,
}

impl Entry {
    /// A tensor whose numbers lie in `storage` elements from byte `start`, the first at element `offset`.
    ///
    /// # Errors
    /// What does not fit.
    pub(super) fn new(
        shape: Vec<usize>,
        strides: Vec<usize>,
        element: Element,
        (start, storage): (u64, usize),
        offset: usize,
    ) -> Result<Self, String> {
        let wrong = || format!("shape {shape:?} with strides {strides:?} is no tensor");
        if shape.len() != strides.len() || shape.len() > 8 {
            return Err(wrong());
        }
        let count = shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
        let count = count.ok_or_else(wrong)?;
        let mut last = 0_usize;
        for (&size, &stride) in shape.iter().zip(&strides) {
            let reach = size.saturating_sub(1).checked_mul(stride);
            last = reach.and_then(|r| last.checked_add(r)).ok_or_else(wrong)?;
        }
        let extent = if count == 0 { 0 } else { last + 1 };
        // More numbers than the storage has would be the same ones again: no weights are stored so.
        let needed = offset.checked_add(extent).ok_or_else(wrong)?;
        if needed > storage || count > storage {
            return Err(format!(
                "shape {shape:?} needs {} numbers, its storage has {storage}",
                needed.max(count)
            ));
        }
        Ok(Self {
            start: start + (offset * element.size()) as u64,
            shape,
            strides,
            element,
            extent,
        })
    }

    /// Strides of a row-major tensor.
    pub(super) fn row_major(shape: &[usize]) -> Vec<usize> {
        let mut strides = vec![1_usize; shape.len()];
        for i in (1..shape.len()).rev() {
            strides[i - 1] = strides[i].saturating_mul(shape[i]);
        }
        strides
    }
}

/// How a file begins.
enum Kind {
    Zip,
    Pickle,
    Safetensors,
}

impl WeightsFile {
    /// Reads the table of contents of a PyTorch file (of either format) or of a safetensors file; what is in it decides,
    /// not its name.
    ///
    /// # Errors
    /// [`WeightsError::Io`]; [`WeightsError::Format`] where it is neither, damaged, or asks to run something.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let io = |source| WeightsError::io(path, source);
        let mut file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut head = Vec::new();
        file.by_ref().take(9).read_to_end(&mut head).map_err(io)?;
        let kind = match head.as_slice() {
            [b'P', b'K', ..] => Kind::Zip,
            [0x80, 1..=5, ..] => Kind::Pickle,
            [_, _, _, _, _, _, _, _, b'{'] => Kind::Safetensors,
            _ => {
                return Err(WeightsError::format(
                    path,
                    format!(
                        "neither a PyTorch file (.pth, .pt, .ckpt) nor a safetensors file ({length} bytes)"
                    ),
                ));
            }
        };
        let mut source = Source { path, file, length };
        let entries = match kind {
            Kind::Zip => pth::entries(&mut source)?,
            Kind::Pickle => torch::legacy_entries(&mut source)?,
            Kind::Safetensors => safetensors::entries(&mut source)?,
        };
        for (name, entry) in &entries {
            let bytes = (entry.extent * entry.element.size()) as u64;
            if entry
                .start
                .checked_add(bytes)
                .is_none_or(|end| end > length)
            {
                return Err(WeightsError::format(
                    path,
                    format!(
                        "the file is incomplete: {name} {:?} ends beyond its {length} bytes; fetch it again",
                        entry.shape
                    ),
                ));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            entries,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names and shapes.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &[usize])> {
        let entries = self.entries.iter();
        entries.map(|(name, entry)| (name.as_str(), entry.shape.as_slice()))
    }

    /// Shape of the tensor of that name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(&self.entries.get(name)?.shape)
    }

    /// The numbers of the tensor of that name, as `f32`, row-major.
    ///
    /// # Errors
    /// [`WeightsError::Format`] where there is none, or one of whole numbers; [`WeightsError::Io`].
    pub fn read(&self, name: &str) -> Result<TensorData, WeightsError> {
        let failed = |reason: String| WeightsError::format(&self.path, reason);
        let entry = self
            .entries
            .get(name)
            .ok_or_else(|| failed(format!("no tensor {name}")))?;
        let io = |source| WeightsError::io(&self.path, source);
        let mut file = File::open(&self.path).map_err(io)?;
        file.seek(SeekFrom::Start(entry.start)).map_err(io)?;
        let wanted = (entry.extent * entry.element.size()) as u64;
        // Not more than there is, should the file have changed since.
        let mut bytes = Vec::new();
        file.take(wanted).read_to_end(&mut bytes).map_err(io)?;
        let numbers = entry
            .element
            .decode(&bytes)
            .ok_or_else(|| failed(format!("{name} is no tensor of floating-point numbers")))?;
        if numbers.len() != entry.extent {
            return Err(failed(format!("{name} is incomplete")));
        }
        let values = if entry.strides == Entry::row_major(&entry.shape) {
            numbers
        } else {
            gather(&numbers, &entry.shape, &entry.strides)
        };
        Ok(TensorData::new(values, entry.shape.clone()))
    }
}

/// Numbers in row-major order that lie otherwise.
fn gather(numbers: &[f32], shape: &[usize], strides: &[usize]) -> Vec<f32> {
    let count = shape.iter().product();
    let mut index = vec![0; shape.len()];
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        let place: usize = index.iter().zip(strides).map(|(i, s)| i * s).sum();
        values.push(numbers[place]);
        for (i, &size) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < size {
                break;
            }
            *i = 0;
        }
    }
    values
}

/// An open file of known length.
pub(super) struct Source<'a> {
    pub path: &'a Path,
    pub file: File,
    pub length: u64,
}

impl Source<'_> {
    /// `length` bytes from `start`.
    pub(super) fn bytes(&mut self, start: u64, length: u64) -> Result<Vec<u8>, WeightsError> {
        if start
            .checked_add(length)
            .is_none_or(|end| end > self.length)
        {
            return Err(self.wrong(format!(
                "the file is incomplete: {length} bytes from {start} on lie beyond its {} bytes; fetch it again",
                self.length
            )));
        }
        let io = |source| WeightsError::io(self.path, source);
        self.file.seek(SeekFrom::Start(start)).map_err(io)?;
        let mut bytes = vec![0; length as usize];
        self.file.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes)
    }

    pub(super) fn wrong(&self, reason: impl Into<String>) -> WeightsError {
        WeightsError::format(self.path, reason)
    }
}
