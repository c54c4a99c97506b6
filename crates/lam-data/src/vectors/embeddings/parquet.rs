//! Embeddings as a table.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::io::Write;

use super::super::VectorsError;
use super::header::EmbeddingHeader;
use super::partial::Partial;
use super::rows::EmbeddingBatch;
use super::whole_file::write_whole;
use crate::DataError;

/// Name of the note with everything that is not a column.
pub(super) const NOTE: &str = "lam_embeddings";
/// Bytes of one group of rows, which are in memory at once.
const GROUP_BYTES: usize = 32 << 20;

pub(super) fn write(
    path: &Path,
    header: &EmbeddingHeader,
    partial: &Partial,
) -> Result<(), DataError> {
    let failed = |error: ParquetError| -> DataError {
        VectorsError::damaged(path, format!("writing failed: {error}")).into()
    };
    let labels = match header.class_names {
        Some(_) => "required int64 label; required binary class (UTF8);",
        None => "",
    };
    let spread = if header.spread {
        "required group sigma (LIST) { repeated group list { required float element; } } \
         required double uncertainty;"
    } else {
        ""
    };
    let schema = format!(
        "message embeddings {{ required binary id (UTF8); {labels} \
         required group mean (LIST) {{ repeated group list {{ required float element; }} }} \
         {spread} }}"
    );
    let schema = Arc::new(parse_message_type(&schema).map_err(failed)?);
    let note = KeyValue::new(NOTE.to_owned(), header.to_json());
    let properties = WriterProperties::builder()
        // Embeddings are as good as random: looking for repetitions costs time and saves nothing.
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_column_dictionary_enabled("class".into(), true)
        .set_key_value_metadata(Some(vec![note]))
        .build();
    write_whole(path, |out| {
        let mut writer =
            SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(failed)?;
        let most = (GROUP_BYTES / (8 * header.dim)).max(1);
        let mut group = EmbeddingBatch::default();
        let mut flush = |group: &mut EmbeddingBatch| {
            let written = writer
                .next_row_group()
                .and_then(|out| write_group(out, group, header));
            *group = EmbeddingBatch::default();
            written.map_err(failed)
        };
        partial.each(header, &mut |batch| {
            append(&mut group, batch);
            if group.ids.len() >= most {
                flush(&mut group)?;
            }
            Ok(())
        })?;
        if !group.ids.is_empty() {
            flush(&mut group)?;
        }
        writer.close().map(|_| ()).map_err(failed)
    })
}

fn append(group: &mut EmbeddingBatch, batch: EmbeddingBatch) {
    group.ids.extend(batch.ids);
    group.mean.extend(batch.mean);
    if let Some(sigma) = batch.sigma {
        group.sigma.get_or_insert_default().extend(sigma);
    }
    if let Some(uncertainty) = batch.uncertainty {
        let all = group.uncertainty.get_or_insert_default();
        all.extend(uncertainty);
    }
    if let Some(labels) = batch.labels {
        group.labels.get_or_insert_default().extend(labels);
    }
}

fn write_group<W: Write + Send>(
    group: SerializedRowGroupWriter<'_, W>,
    batch: &EmbeddingBatch,
    header: &EmbeddingHeader,
) -> Result<(), ParquetError> {
    let mut group = Group {
        group,
        dim: header.dim,
    };
    let text = |text: &str| ByteArray::from(text.as_bytes().to_vec());
    let ids: Vec<_> = batch.ids.iter().map(|id| text(id)).collect();
    group.column::<ByteArrayType>(&ids)?;
    if let Some((labels, names)) = batch.labels.as_ref().zip(header.class_names.as_ref()) {
        let numbers: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
        group.column::<Int64Type>(&numbers)?;
        let name_of = |&label: &u32| names.get(label as usize).map_or("", String::as_str);
        let names: Vec<_> = labels.iter().map(|label| text(name_of(label))).collect();
        group.column::<ByteArrayType>(&names)?;
    }
    group.lists(&batch.mean)?;
    if let (Some(sigma), Some(uncertainty)) = (&batch.sigma, &batch.uncertainty) {
        group.lists(sigma)?;
        group.column::<DoubleType>(uncertainty)?;
    }
    group.group.close().map(|_| ())
}

struct Group<'a, W: Write> {
    group: SerializedRowGroupWriter<'a, W>,
    dim: usize,
}

impl<W: Write + Send> Group<'_, W> {
    fn column<T: DataType>(&mut self, values: &[T::T]) -> Result<(), ParquetError> {
        self.write::<T>(values, None)
    }

    fn lists(&mut self, values: &[f32]) -> Result<(), ParquetError> {
        let repeated: Vec<i16> = (0..values.len())
            .map(|at| i16::from(at % self.dim != 0))
            .collect();
        self.write::<FloatType>(values, Some(&repeated))
    }

    fn write<T: DataType>(
        &mut self,
        values: &[T::T],
        repeated: Option<&[i16]>,
    ) -> Result<(), ParquetError> {
        let missing = || ParquetError::General("a column too many".to_owned());
        let mut column = self.group.next_column()?.ok_or_else(missing)?;
        // Every number of a list is there.
        let defined = repeated.map(|repeated| vec![1; repeated.len()]);
        column
            .typed::<T>()
            .write_batch(values, defined.as_deref(), repeated)?;
        column.close()
    }
}
