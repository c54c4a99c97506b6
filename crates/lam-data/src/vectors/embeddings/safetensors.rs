//! Embeddings as tensors of one file. Ids are bytes one after the other, `id_ends` says where each ends.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::VectorsError;
use super::super::safetensors::MOST_HEADER;
use super::header::EmbeddingHeader;
use super::partial::Partial;
use super::rows::EmbeddingBatch;
use super::whole_file::write_whole;
use crate::DataError;

/// Name of the note with everything that is not a tensor.
pub(super) const NOTE: &str = "lam_embeddings";

pub(super) fn write(
    path: &Path,
    header: &EmbeddingHeader,
    partial: &Partial,
) -> Result<(), DataError> {
    let mut id_bytes = 0;
    partial.each(header, &mut |batch| {
        id_bytes += batch.ids.iter().map(String::len).sum::<usize>();
        Ok(())
    })?;
    let head = head(header, id_bytes);
    if head.len() as u64 > MOST_HEADER {
        let reason = "more class names than a safetensors header may hold; write .parquet instead";
        return Err(VectorsError::damaged(path, reason).into());
    }
    write_whole(path, |out| {
        let failed = |error| DataError::io(path, "writing", error);
        out.write_all(&(head.len() as u64).to_le_bytes())
            .map_err(failed)?;
        out.write_all(head.as_bytes()).map_err(failed)?;
        let mut each = |write: &mut Write1<'_>| {
            partial.each(header, &mut |batch| {
                write(&batch, out).map_err(|error| DataError::io(path, "writing", error))
            })
        };
        each(&mut |batch, out| {
            let mut values = batch.uncertainty.iter().flatten();
            values.try_for_each(|value| out.write_all(&value.to_le_bytes()))
        })?;
        if header.class_names.is_some() {
            each(&mut |batch, out| {
                let mut values = batch.labels.iter().flatten();
                values.try_for_each(|&value| out.write_all(&i64::from(value).to_le_bytes()))
            })?;
        }
        let mut end = 0_i64;
        each(&mut |batch, out| {
            batch.ids.iter().try_for_each(|id| {
                end += id.len() as i64;
                out.write_all(&end.to_le_bytes())
            })
        })?;
        each(&mut |batch, out| {
            let mut values = batch.mean.iter();
            values.try_for_each(|value| out.write_all(&value.to_le_bytes()))
        })?;
        each(&mut |batch, out| {
            let mut values = batch.sigma.iter().flatten();
            values.try_for_each(|value| out.write_all(&value.to_le_bytes()))
        })?;
        each(&mut |batch, out| {
            let mut ids = batch.ids.iter();
            ids.try_for_each(|id| out.write_all(id.as_bytes()))
        })
    })
}

type Write1<'a> = dyn FnMut(&EmbeddingBatch, &mut BufWriter<File>) -> std::io::Result<()> + 'a;

/// The header: tensors in the order in which they follow, the widest numbers first so that all are aligned.
fn head(header: &EmbeddingHeader, id_bytes: usize) -> String {
    let (rows, dim) = (header.rows, header.dim);
    let mut object = Map::new();
    object.insert("__metadata__".to_owned(), json!({ NOTE: header.to_json() }));
    let mut at = 0;
    let mut tensor = |name: &str, dtype: &str, size: usize, shape: &[usize]| {
        let end = at + size * shape.iter().product::<usize>();
        let value = json!({"dtype": dtype, "shape": shape, "data_offsets": [at, end]});
        object.insert(name.to_owned(), value);
        at = end;
    };
    if header.spread {
        tensor("uncertainty", "F64", 8, &[rows]);
    }
    if header.class_names.is_some() {
        tensor("labels", "I64", 8, &[rows]);
    }
    tensor("id_ends", "I64", 8, &[rows]);
    tensor("mean", "F32", 4, &[rows, dim]);
    if header.spread {
        tensor("sigma", "F32", 4, &[rows, dim]);
    }
    tensor("ids", "U8", 1, &[id_bytes]);
    let mut text = Value::Object(object).to_string();
    let padding = text.len().next_multiple_of(8) - text.len();
    text.push_str(&" ".repeat(padding));
    text
}
