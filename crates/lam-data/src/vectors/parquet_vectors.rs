//! Vectors as a column of lists.

use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, DoubleType, FixedLenByteArrayType, FloatType};

use super::VectorsError;
use super::element::f16_to_f32;
use super::embeddings::of_embeddings;
use super::parquet_file::{ParquetFile, guarded, is_float_list};
use super::vectors::{Vectors, check_finite, check_range};
use crate::DataError;

/// Numbers that are decoded at once.
const CHUNK: usize = 1 << 16;

/// A column of lists of floats, all of one length.
pub(crate) struct ParquetVectors {
    file: ParquetFile,
    column: usize,
    dim: usize,
    cursor: Mutex<Option<Cursor>>,
}

/// How far a group has been decoded.
struct Cursor {
    /// The row that comes next.
    next: usize,
    /// The end of the group.
    end: usize,
    column: ListColumn,
}

/// One column of one group.
enum ListColumn {
    F16(ColumnReaderImpl<FixedLenByteArrayType>),
    F32(ColumnReaderImpl<FloatType>),
    F64(ColumnReaderImpl<DoubleType>),
}

impl ParquetVectors {
    pub(crate) fn open(path: &Path, name: Option<&str>) -> Result<Self, DataError> {
        let file = ParquetFile::open(path)?;
        let lists = file.columns(is_float_list);
        let has = |name: &str| lists.iter().any(|(_, list)| list == name);
        let column = file.choose(
            name.or(of_embeddings(has)),
            "lists of floats",
            is_float_list,
        )?;
        let none = || VectorsError::content(path, "no vectors", "at least one row");
        if file.rows() == 0 {
            return Err(none().into());
        }
        let mut vectors = Self {
            file,
            column,
            dim: 0,
            cursor: Mutex::new(None),
        };
        // The first list says how long all should be.
        let first = vectors.file.groups().iter().position(|&(rows, _)| rows > 0);
        let (mut values, mut lengths) = (Vec::new(), Vec::new());
        let mut column = vectors.group(first.unwrap_or(0))?;
        column.read(path, 0, 1, &mut lengths, &mut values)?;
        vectors.dim = lengths.first().copied().unwrap_or(0);
        if vectors.dim == 0 {
            return Err(VectorsError::row(path, 0, "an empty list, expected a vector").into());
        }
        Ok(vectors)
    }

    fn group(&self, group: usize) -> Result<ListColumn, DataError> {
        match self.file.column(group, self.column)? {
            ColumnReader::FloatColumnReader(column) => Ok(ListColumn::F32(column)),
            ColumnReader::DoubleColumnReader(column) => Ok(ListColumn::F64(column)),
            ColumnReader::FixedLenByteArrayColumnReader(column) => Ok(ListColumn::F16(column)),
            _ => Err(VectorsError::content(
                self.file.path(),
                "a column of something else than lists of floats",
                "lists of floats",
            )
            .into()),
        }
    }

    /// A cursor that stands before row `row`.
    fn before(&self, row: usize, kept: Option<Cursor>) -> Result<Cursor, DataError> {
        let mut cursor = match kept {
            Some(kept) if kept.next <= row && row < kept.end => kept,
            _ => {
                let groups = self.file.groups();
                let group = groups.partition_point(|&(_, first)| first <= row);
                // Groups without rows begin where the next one does.
                let group = group.saturating_sub(1);
                let (rows, first) = groups[group];
                Cursor {
                    next: first,
                    end: first + rows,
                    column: self.group(group)?,
                }
            }
        };
        let mut ignored = Vec::new();
        while cursor.next < row {
            let rows = (row - cursor.next).min(self.rows_at_once());
            ignored.clear();
            self.decode(&mut cursor, rows, &mut ignored)?;
        }
        Ok(cursor)
    }

    fn rows_at_once(&self) -> usize {
        (CHUNK / self.dim).max(1)
    }

    /// Appends the next rows, all of which belong to the cursor's group.
    fn decode(
        &self,
        cursor: &mut Cursor,
        rows: usize,
        values: &mut Vec<f32>,
    ) -> Result<(), DataError> {
        let path = self.file.path();
        let mut lengths = Vec::new();
        cursor
            .column
            .read(path, cursor.next, rows, &mut lengths, values)?;
        if let Some(at) = lengths.iter().position(|&length| length != self.dim) {
            let reason = format!(
                "a list of {}, but the first row has {}: expected the same in all rows",
                lengths[at], self.dim
            );
            return Err(VectorsError::row(path, cursor.next + at, reason).into());
        }
        if lengths.len() != rows {
            let reason = format!("a column ends after {} rows", cursor.next + lengths.len());
            return Err(VectorsError::damaged(path, reason).into());
        }
        cursor.next += rows;
        Ok(())
    }
}

impl ListColumn {
    /// Appends at most `rows` lists to `values` and their lengths to `lengths`; the first is row `first` of the file.
    fn read(
        &mut self,
        path: &Path,
        first: usize,
        rows: usize,
        lengths: &mut Vec<usize>,
        values: &mut Vec<f32>,
    ) -> Result<(), DataError> {
        match self {
            Self::F32(column) => read(column, |&v| v, (path, first, rows), lengths, values),
            Self::F64(column) => read(column, |&v| v as f32, (path, first, rows), lengths, values),
            Self::F16(column) => read(
                column,
                |v| match *v.data() {
                    [low, high] => f16_to_f32(u16::from_le_bytes([low, high])),
                    _ => f32::NAN,
                },
                (path, first, rows),
                lengths,
                values,
            ),
        }
    }
}

fn read<T: DataType>(
    column: &mut ColumnReaderImpl<T>,
    number: impl Fn(&T::T) -> f32,
    (path, first, rows): (&Path, usize, usize),
    lengths: &mut Vec<usize>,
    values: &mut Vec<f32>,
) -> Result<(), DataError> {
    let (mut defined, mut repeated, mut found) = (Vec::new(), Vec::new(), Vec::new());
    let mut left = rows;
    while left > 0 {
        defined.clear();
        repeated.clear();
        found.clear();
        let (records, ..) = guarded(path, || {
            column.read_records(left, Some(&mut defined), Some(&mut repeated), &mut found)
        })?;
        if records == 0 {
            return Ok(());
        }
        // As many numbers as levels say that there is one everywhere: no empty list, no null.
        if found.len() < repeated.len() {
            let most = defined.iter().copied().max().unwrap_or(0);
            let missing = defined.iter().position(|&level| level < most).unwrap_or(0);
            let before = repeated
                .iter()
                .take(missing + 1)
                .filter(|&&r| r == 0)
                .count();
            let row = first + lengths.len() + before.saturating_sub(1);
            let reason = "null, an empty list, or a list with a null; leave such rows out";
            return Err(VectorsError::row(path, row, reason).into());
        }
        for &level in &repeated {
            match (level, lengths.last_mut()) {
                (0, _) | (_, None) => lengths.push(1),
                (_, Some(length)) => *length += 1,
            }
        }
        values.extend(found.iter().map(&number));
        left -= records.min(left);
    }
    Ok(())
}

impl Vectors for ParquetVectors {
    fn file(&self) -> &Path {
        self.file.path()
    }

    fn rows(&self) -> usize {
        self.file.rows()
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn read(&self, rows: Range<usize>, out: &mut [f32]) -> Result<(), DataError> {
        check_range(self, &rows, out)?;
        let mut kept = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let mut row = rows.start;
        let mut values = Vec::new();
        for chunk in out.chunks_mut(self.rows_at_once() * self.dim) {
            let mut left = chunk;
            while !left.is_empty() {
                // After an error there is no cursor, and the next call begins its group anew.
                let mut cursor = self.before(row, kept.take())?;
                let now = (left.len() / self.dim).min(cursor.end - row);
                values.clear();
                self.decode(&mut cursor, now, &mut values)?;
                check_finite(self.file(), row, self.dim, &values)?;
                let (these, rest) = left.split_at_mut(values.len().min(left.len()));
                these.copy_from_slice(&values[..these.len()]);
                left = rest;
                row += now;
                *kept = Some(cursor);
            }
        }
        Ok(())
    }

    fn is_random_access(&self) -> bool {
        false
    }
}
