//! Columns of one whole number or text in each row: labels, ids.

use super::file_part::FilePart;
use super::npy::{Content, NpyArray};
use super::parquet_file::{ParquetFile, is_scalar};
use super::raw_array::RawArray;
use super::vectors::Vectors as _;
use super::{VectorsError, safetensors, text_column};
use crate::DataError;

/// What stands in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Whole(i128),
    Text(&'a str),
}

/// Takes the number of a row and its value.
pub(crate) type Visit<'a> = dyn FnMut(usize, Value<'_>) -> Result<(), DataError> + 'a;

/// Calls `visit` with the number of each row and its value, in order. Where the location names no column, that of the first
/// of `defaults` which is there is taken, otherwise the only one.
pub(crate) fn each_value(
    location: &FilePart,
    defaults: &[&str],
    visit: &mut Visit<'_>,
) -> Result<(), DataError> {
    let file = &location.file;
    match location.ending().as_str() {
        "npy" => npy(NpyArray::open(file)?, visit),
        "safetensors" => {
            let name = location.name.as_deref();
            whole_numbers(
                safetensors::open_whole_numbers(file, name, defaults)?,
                visit,
            )
        }
        "parquet" => {
            let file = ParquetFile::open(file)?;
            let columns = file.columns(is_scalar);
            let there = |name: &&str| columns.iter().any(|(_, column)| column == name);
            let default = defaults.iter().copied().find(there);
            let name = location.name.as_deref().or(default);
            let column = file.choose(name, "whole numbers or text", is_scalar)?;
            file.each_value(column, visit)
        }
        "csv" => text_column::each_csv(location, b',', defaults, visit),
        "tsv" => text_column::each_csv(location, b'\t', defaults, visit),
        "txt" => text_column::each_line(file, visit),
        _ => Err(VectorsError::UnknownEnding {
            file: file.clone(),
            expected: ".npy, .safetensors, .parquet, .csv, .tsv or .txt",
        }
        .into()),
    }
}

/// Whether the file of vectors itself has a column of one of these names, so that it need not be named.
pub(crate) fn has_column(location: &FilePart, names: &[&str]) -> Result<bool, DataError> {
    match location.ending().as_str() {
        "parquet" => {
            let columns = ParquetFile::open(&location.file)?.columns(is_scalar);
            Ok(columns
                .iter()
                .any(|(_, name)| names.contains(&name.as_str())))
        }
        "safetensors" => {
            let contents = safetensors::Contents::open(&location.file)?;
            let is_column = |name: &&&str| contents.info(name).is_some_and(|i| i.shape.len() == 1);
            Ok(names.iter().any(|name| is_column(&name)))
        }
        _ => Ok(false),
    }
}

fn whole_numbers(array: RawArray, visit: &mut Visit<'_>) -> Result<(), DataError> {
    let element = array.element();
    array.each_number(&mut |row, bytes| match element.whole(bytes) {
        Some(value) => visit(row, Value::Whole(value)),
        None => Err(VectorsError::content(array.file(), "floats", "whole numbers").into()),
    })
}

fn npy(array: NpyArray, visit: &mut Visit<'_>) -> Result<(), DataError> {
    let path = array.file.path().to_owned();
    let rows = match array.shape.as_slice() {
        &[rows] | &[rows, 1] => rows,
        shape => {
            let found = format!("an array of shape {shape:?}");
            let expected = "one whole number or text for each vector, [N]";
            return Err(VectorsError::content(&path, found, expected).into());
        }
    };
    match array.content {
        Content::Number(element) if element.is_float() => Err(VectorsError::content(
            &path,
            "floats",
            "whole numbers: save array.astype(numpy.int64)",
        )
        .into()),
        Content::Number(element) => whole_numbers(
            RawArray::new(array.file, array.offset, rows, 1, element)?,
            visit,
        ),
        content => {
            let size = content.size();
            let mut bytes = vec![0; size];
            for row in 0..rows {
                array
                    .file
                    .read(array.offset + row * size as u64, &mut bytes)?;
                let row = usize::try_from(row).unwrap_or(usize::MAX);
                let text = text_of(content, &bytes)
                    .ok_or_else(|| VectorsError::row(&path, row, "not a text"))?;
                visit(row, Value::Text(&text))?;
            }
            Ok(())
        }
    }
}

/// A text of fixed width, without the zeros after it.
fn text_of(content: Content, bytes: &[u8]) -> Option<String> {
    let trimmed = match content {
        Content::Bytes(_) => String::from_utf8(bytes.to_vec()).ok()?,
        Content::Unicode { big_endian, .. } => {
            let (characters, _) = bytes.as_chunks::<4>();
            let characters = characters.iter().map(|&c| {
                char::from_u32(if big_endian {
                    u32::from_be_bytes(c)
                } else {
                    u32::from_le_bytes(c)
                })
            });
            characters.collect::<Option<String>>()?
        }
        Content::Number(_) => return None,
    };
    Some(trimmed.trim_end_matches('\0').to_owned())
}
