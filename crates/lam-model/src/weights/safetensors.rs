//! The table of contents of a safetensors file.

use std::collections::BTreeMap;

use ::safetensors::{Dtype, SafeTensors};

use super::WeightsError;
use super::file::{Entry, Source};
use super::half::Element;

/// Longer headers are no weights'.
const MAX_HEADER: u64 = 64 << 20;

pub(super) fn entries(source: &mut Source) -> Result<BTreeMap<String, Entry>, WeightsError> {
    let size = source.bytes(0, 8)?;
    let header = size
        .iter()
        .rev()
        .fold(0_u64, |n, &b| (n << 8) | u64::from(b));
    if header > MAX_HEADER {
        return Err(source.wrong(format!(
            "not a safetensors file: a header of {header} bytes"
        )));
    }
    // The library checks that the header covers the file, and so asks for all of it.
    let bytes = source.bytes(0, source.length)?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes)
        .map_err(|e| source.wrong(format!("not a complete safetensors file: {e}")))?;
    let mut entries = BTreeMap::new();
    for (name, info) in metadata.tensors() {
        let element = match info.dtype {
            Dtype::F64 => Element::F64,
            Dtype::F32 => Element::F32,
            Dtype::F16 => Element::F16,
            Dtype::BF16 => Element::Bf16,
            Dtype::I64 | Dtype::U64 => Element::Other(8),
            Dtype::I32 | Dtype::U32 => Element::Other(4),
            Dtype::I16 | Dtype::U16 => Element::Other(2),
            Dtype::I8 | Dtype::U8 | Dtype::BOOL => Element::Other(1),
            _ => continue,
        };
        let (begin, end) = info.data_offsets;
        let storage = end.saturating_sub(begin) / element.size();
        let strides = Entry::row_major(&info.shape);
        let start = 8 + header + begin as u64;
        let entry = Entry::new(info.shape.clone(), strides, element, (start, storage), 0)
            .map_err(|reason| source.wrong(format!("{name}: {reason}")))?;
        entries.insert(name, entry);
    }
    Ok(entries)
}
