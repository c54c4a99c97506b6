//! The table of contents of a safetensors file, read without its tensors.

use std::collections::HashMap;
use std::path::Path;

use ::safetensors::Dtype;
use ::safetensors::tensor::{Metadata, TensorInfo};

use super::VectorsError;
use super::element::{Element, Kind};
use super::embeddings::of_embeddings;
use super::npy::require_some;
use super::positioned::Positioned;
use super::raw_array::RawArray;
use crate::DataError;

/// Longest header that the format's own library reads.
pub(crate) const MOST_HEADER: u64 = 100_000_000;

/// A file and what is in it.
pub(crate) struct Contents {
    pub(crate) file: Positioned,
    /// Where the tensors begin.
    base: u64,
    metadata: Metadata,
}

impl Contents {
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let file = Positioned::open(path)?;
        let damaged = |reason: String| VectorsError::damaged(path, reason);
        let size = file.take(0, 8).map_err(|_| {
            damaged("not a safetensors file: it is too short for a header".to_owned())
        })?;
        let length = size
            .iter()
            .rev()
            .fold(0, |n, &byte| (n << 8) | u64::from(byte));
        if length > MOST_HEADER {
            return Err(damaged(format!(
                "not a safetensors file: a header of {length} bytes"
            ))
            .into());
        }
        let header = file.take(8, length)?;
        let metadata: Metadata = serde_json::from_slice(&header)
            .map_err(|error| damaged(format!("not a safetensors file: {error}")))?;
        let base = 8 + length;
        let held = file.bytes() - base;
        if metadata.data_len() as u64 != held {
            let reason = format!(
                "its header speaks of {} bytes of tensors, but {held} follow; was its copy complete?",
                metadata.data_len()
            );
            return Err(damaged(reason).into());
        }
        Ok(Self {
            file,
            base,
            metadata,
        })
    }

    /// Notes that its writer left.
    pub(crate) fn notes(&self) -> Option<&HashMap<String, String>> {
        self.metadata.metadata().as_ref()
    }

    pub(crate) fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.metadata.info(name)
    }

    /// The tensor of that name, or the only one for which `fits` holds.
    pub(crate) fn choose(
        &self,
        name: Option<&str>,
        what: &str,
        fits: impl Fn(&TensorInfo) -> bool,
    ) -> Result<String, DataError> {
        let names = self.metadata.offset_keys();
        let known: Vec<String> = names
            .into_iter()
            .filter(|name| self.info(name).is_some_and(&fits))
            .collect();
        let reason = match (name, known.as_slice()) {
            (Some(name), _) if self.info(name).is_some() => return Ok(name.to_owned()),
            (None, [only]) => return Ok(only.clone()),
            (Some(name), _) => format!("no tensor '{name}'"),
            (None, []) => format!("no tensor of {what}"),
            (None, _) => format!("several tensors of {what}"),
        };
        Err(VectorsError::Name {
            file: self.file.path().into(),
            reason,
            known,
        }
        .into())
    }

    /// A tensor as rows; one axis is a column.
    pub(crate) fn into_array(self, name: &str) -> Result<RawArray, DataError> {
        let path = self.file.path().to_owned();
        let wrong = |found: String| {
            VectorsError::content(&path, found, "floats [N, D] or whole numbers [N]")
        };
        let info = self
            .info(name)
            .ok_or_else(|| wrong(format!("no tensor '{name}'")))?;
        let (rows, dim) = match info.shape.as_slice() {
            &[rows] => (rows, 1),
            &[rows, dim] => (rows, dim),
            shape => return Err(wrong(format!("a tensor '{name}' of shape {shape:?}")).into()),
        };
        let kind = match info.dtype {
            Dtype::F16 => Kind::F16,
            Dtype::BF16 => Kind::Bf16,
            Dtype::F32 => Kind::F32,
            Dtype::F64 => Kind::F64,
            Dtype::I8 => Kind::Int(1),
            Dtype::I16 => Kind::Int(2),
            Dtype::I32 => Kind::Int(4),
            Dtype::I64 => Kind::Int(8),
            Dtype::U8 | Dtype::BOOL => Kind::Uint(1),
            Dtype::U16 => Kind::Uint(2),
            Dtype::U32 => Kind::Uint(4),
            Dtype::U64 => Kind::Uint(8),
            other => return Err(wrong(format!("a tensor '{name}' of type {other}")).into()),
        };
        let offset = self.base + info.data_offsets.0 as u64;
        let element = Element::little(kind);
        RawArray::new(self.file, offset, rows as u64, dim as u64, element)
    }
}

fn is_float(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F16 | Dtype::BF16 | Dtype::F32 | Dtype::F64)
}

/// Opens `[N, D]` floats.
pub(crate) fn open_matrix(path: &Path, name: Option<&str>) -> Result<RawArray, DataError> {
    let contents = Contents::open(path)?;
    let fits = |info: &TensorInfo| info.shape.len() == 2 && is_float(info.dtype);
    let has = |name: &str| contents.info(name).is_some_and(fits);
    let name = contents.choose(name.or(of_embeddings(has)), "floats [N, D]", fits)?;
    let found = contents.info(&name).filter(|info| fits(info));
    let Some(&[rows, dim]) = found.map(|info| info.shape.as_slice()) else {
        let found = contents.info(&name).map_or_else(String::new, |info| {
            format!("{} of shape {:?} as '{name}'", info.dtype, info.shape)
        });
        return Err(VectorsError::content(path, found, "floats [N, D]").into());
    };
    require_some(path, rows as u64, dim as u64)?;
    contents.into_array(&name)
}

/// Opens whole numbers `[N]`.
pub(crate) fn open_whole_numbers(
    path: &Path,
    name: Option<&str>,
    defaults: &[&str],
) -> Result<RawArray, DataError> {
    let contents = Contents::open(path)?;
    let whole = |info: &TensorInfo| info.shape.len() == 1 && !is_float(info.dtype);
    let default = defaults
        .iter()
        .copied()
        .find(|name| contents.info(name).is_some_and(whole));
    let name = contents.choose(name.or(default), "whole numbers [N]", whole)?;
    if let Some(info) = contents.info(&name).filter(|info| !whole(info)) {
        let found = format!("{} of shape {:?} as '{name}'", info.dtype, info.shape);
        return Err(VectorsError::content(path, found, "whole numbers [N]").into());
    }
    contents.into_array(&name)
}
