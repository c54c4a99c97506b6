//! Rows that any thread can read in any order, of a file for which that is slow.

use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::element::{Element, Kind};
use super::positioned::Positioned;
use super::raw_array::RawArray;
use super::vectors::Vectors;
use crate::DataError;

/// Numbers that are copied at once.
const CHUNK: usize = 1 << 18;

/// Vectors copied into a temporary file without a name, which the system removes with the process.
pub(crate) struct Spilled {
    /// Where they came from, for messages.
    file: PathBuf,
    array: RawArray,
}

impl Spilled {
    pub(crate) fn copy(vectors: &dyn Vectors) -> Result<Self, DataError> {
        let failed = |error| DataError::io(vectors.file(), "copying to a temporary file", error);
        let file = tempfile::tempfile().map_err(failed)?;
        let mut out = BufWriter::new(&file);
        let (rows, dim) = (vectors.rows(), vectors.dim());
        let at_once = (CHUNK / dim.max(1)).clamp(1, rows.max(1));
        let mut values = vec![0.0; at_once * dim];
        let mut row = 0;
        while row < rows {
            let now = at_once.min(rows - row);
            let values = &mut values[..now * dim];
            vectors.read(row..row + now, values)?;
            for value in values {
                out.write_all(&value.to_le_bytes()).map_err(failed)?;
            }
            row += now;
        }
        out.flush().map_err(failed)?;
        drop(out);
        let file = Positioned::new(file, vectors.file())?;
        let element = Element::little(Kind::F32);
        Ok(Self {
            file: vectors.file().into(),
            array: RawArray::new(file, 0, rows as u64, dim as u64, element)?,
        })
    }
}

impl Vectors for Spilled {
    fn file(&self) -> &Path {
        &self.file
    }

    fn rows(&self) -> usize {
        self.array.rows()
    }

    fn dim(&self) -> usize {
        self.array.dim()
    }

    fn read(&self, rows: Range<usize>, out: &mut [f32]) -> Result<(), DataError> {
        self.array.read(rows, out)
    }
}
