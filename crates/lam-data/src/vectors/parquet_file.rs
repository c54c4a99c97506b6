//! Columns of a Parquet file.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::VectorsError;
use super::column::{Value, Visit};
use crate::DataError;

/// Values of a column that are read at once.
const CHUNK: usize = 1 << 12;

/// A Parquet file whose table of contents has been read.
pub(crate) struct ParquetFile {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    /// Rows of each group, and the number of its first row.
    groups: Vec<(usize, usize)>,
    rows: usize,
}

/// Runs what reads a file with the library, which takes some files' word for more than it should: a panic there says that
/// the file is damaged.
pub(crate) fn guarded<T>(
    path: &Path,
    read: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<T, DataError> {
    let result = catch_unwind(AssertUnwindSafe(read));
    let reason = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it contradicts itself".to_owned(),
    };
    Err(VectorsError::damaged(path, format!("not a readable Parquet file: {reason}")).into())
}

impl ParquetFile {
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| DataError::io(path, "reading", error))?;
        let metadata = file.metadata();
        let bytes = metadata
            .map_err(|error| DataError::io(path, "reading", error))?
            .len();
        let reader = guarded(path, || SerializedFileReader::new(file))?;
        let damaged = |reason: &str| VectorsError::damaged(path, reason);
        let (mut groups, mut rows) = (Vec::new(), 0_usize);
        for group in reader.metadata().row_groups() {
            let count = usize::try_from(group.num_rows())
                .map_err(|_| damaged("a group of less than no rows"))?;
            groups.push((count, rows));
            rows = rows
                .checked_add(count)
                .ok_or_else(|| damaged("more rows than can be counted"))?;
            for column in group.columns() {
                let first = column
                    .dictionary_page_offset()
                    .unwrap_or_else(|| column.data_page_offset())
                    .min(column.data_page_offset());
                let end = first.checked_add(column.compressed_size());
                let inside = end.and_then(|end| u64::try_from(end).ok());
                if first < 0 || column.compressed_size() < 0 || inside.is_none_or(|e| e > bytes) {
                    return Err(damaged("a column that lies outside the file").into());
                }
            }
        }
        Ok(Self {
            path: path.into(),
            reader,
            groups,
            rows,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Rows of each group, and the number of its first row.
    pub(crate) fn groups(&self) -> &[(usize, usize)] {
        &self.groups
    }

    /// Notes that its writer left.
    pub(crate) fn note(&self, key: &str) -> Option<String> {
        let notes = self
            .reader
            .metadata()
            .file_metadata()
            .key_value_metadata()?;
        notes.iter().find(|note| note.key == key)?.value.clone()
    }

    pub(crate) fn descriptor(&self, column: usize) -> Option<&ColumnDescriptor> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        (column < schema.num_columns()).then(|| schema.columns()[column].as_ref())
    }

    /// Columns for which `fits` holds, with their names: those of the outermost fields.
    pub(crate) fn columns(&self, fits: impl Fn(&ColumnDescriptor) -> bool) -> Vec<(usize, String)> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let columns = schema.columns().iter().enumerate();
        let found = columns.filter(|(_, column)| fits(column));
        found
            .filter_map(|(at, column)| Some((at, column.path().parts().first()?.clone())))
            .collect()
    }

    /// The column of that name, or the only one for which `fits` holds.
    pub(crate) fn choose(
        &self,
        name: Option<&str>,
        what: &str,
        fits: impl Fn(&ColumnDescriptor) -> bool,
    ) -> Result<usize, DataError> {
        let columns = self.columns(fits);
        let found: Vec<usize> = columns
            .iter()
            .filter(|(_, column)| name.is_none_or(|name| name == column))
            .map(|(at, _)| *at)
            .collect();
        if let [only] = found.as_slice() {
            return Ok(*only);
        }
        let reason = match name {
            Some(name) => format!("no column '{name}' of {what}"),
            None if found.is_empty() => format!("no column of {what}"),
            None => format!("several columns of {what}"),
        };
        Err(VectorsError::Name {
            file: self.path.clone(),
            reason,
            known: columns.into_iter().map(|(_, name)| name).collect(),
        }
        .into())
    }

    /// Reads one column of one group.
    pub(crate) fn column(&self, group: usize, column: usize) -> Result<ColumnReader, DataError> {
        guarded(&self.path, || {
            self.reader.get_row_group(group)?.get_column_reader(column)
        })
    }

    /// Calls `visit` with each value of a column of whole numbers or of text.
    pub(crate) fn each_value(&self, column: usize, visit: &mut Visit<'_>) -> Result<(), DataError> {
        let descriptor = self.descriptor(column);
        let unsigned = descriptor.is_some_and(is_unsigned);
        for (group, &(rows, first)) in self.groups.iter().enumerate() {
            let each = Each {
                file: self,
                first,
                rows,
            };
            match self.column(group, column)? {
                ColumnReader::Int32ColumnReader(reader) => {
                    each.value(reader, |row, &value: &i32| {
                        let value = if unsigned {
                            i128::from(value as u32)
                        } else {
                            value.into()
                        };
                        visit(row, Value::Whole(value))
                    })?
                }
                ColumnReader::Int64ColumnReader(reader) => {
                    each.value(reader, |row, &value: &i64| {
                        let value = if unsigned {
                            i128::from(value as u64)
                        } else {
                            value.into()
                        };
                        visit(row, Value::Whole(value))
                    })?
                }
                ColumnReader::ByteArrayColumnReader(reader) => {
                    each.value(reader, |row, value: &ByteArray| {
                        let text = std::str::from_utf8(value.data())
                            .map_err(|_| VectorsError::row(&self.path, row, "not UTF-8 text"))?;
                        visit(row, Value::Text(text))
                    })?;
                }
                _ => {
                    let found = "a column of something else than whole numbers or text";
                    let expected = "whole numbers or text";
                    return Err(VectorsError::content(&self.path, found, expected).into());
                }
            }
        }
        Ok(())
    }
}

/// Whether a column has one whole number or text in each row.
pub(crate) fn is_scalar(column: &ColumnDescriptor) -> bool {
    column.max_rep_level() == 0
        && column.path().parts().len() == 1
        && matches!(
            column.physical_type(),
            Physical::INT32 | Physical::INT64 | Physical::BYTE_ARRAY
        )
}

/// Whether a column has one float in each row.
pub(crate) fn is_float_scalar(column: &ColumnDescriptor) -> bool {
    column.max_rep_level() == 0
        && column.path().parts().len() == 1
        && matches!(column.physical_type(), Physical::FLOAT | Physical::DOUBLE)
}

/// Whether a column has a list of floats in each row.
pub(crate) fn is_float_list(column: &ColumnDescriptor) -> bool {
    let half = column.physical_type() == Physical::FIXED_LEN_BYTE_ARRAY
        && matches!(column.logical_type_ref(), Some(LogicalType::Float16));
    column.max_rep_level() == 1
        && (half || matches!(column.physical_type(), Physical::FLOAT | Physical::DOUBLE))
}

fn is_unsigned(column: &ColumnDescriptor) -> bool {
    matches!(
        column.converted_type(),
        ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64
    )
}

/// The values of one group of rows.
struct Each<'a> {
    file: &'a ParquetFile,
    first: usize,
    rows: usize,
}

impl Each<'_> {
    fn value<T: DataType>(
        &self,
        mut reader: ColumnReaderImpl<T>,
        mut visit: impl FnMut(usize, &T::T) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let path = self.file.path();
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        let mut row = 0;
        while row < self.rows {
            values.clear();
            levels.clear();
            let (records, ..) = guarded(path, || {
                reader.read_records(CHUNK, Some(&mut levels), None, &mut values)
            })?;
            if values.len() < records {
                let missing = levels.iter().position(|&level| level == 0).unwrap_or(0);
                let at = self.first + row + missing;
                return Err(VectorsError::row(path, at, "no value").into());
            }
            if records == 0 {
                let reason = format!("a column ends after {} rows", self.first + row);
                return Err(VectorsError::damaged(path, reason).into());
            }
            for value in &values {
                visit(self.first + row, value)?;
                row += 1;
            }
        }
        Ok(())
    }
}

impl ParquetFile {
    /// All values of a column of floats.
    pub(crate) fn floats(&self, column: usize) -> Result<Vec<f64>, DataError> {
        let mut all = Vec::new();
        for (group, &(rows, first)) in self.groups.iter().enumerate() {
            let each = Each {
                file: self,
                first,
                rows,
            };
            match self.column(group, column)? {
                ColumnReader::FloatColumnReader(reader) => {
                    each.value(reader, |_, &value: &f32| {
                        all.push(f64::from(value));
                        Ok(())
                    })?
                }
                ColumnReader::DoubleColumnReader(reader) => {
                    each.value(reader, |_, &value: &f64| {
                        all.push(value);
                        Ok(())
                    })?
                }
                _ => {
                    let found = "a column of something else than floats";
                    return Err(VectorsError::content(&self.path, found, "floats").into());
                }
            }
        }
        Ok(all)
    }
}
