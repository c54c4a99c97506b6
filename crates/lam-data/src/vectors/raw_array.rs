//! Rows that lie one after the other in a file.

use std::ops::Range;
use std::path::Path;

use super::VectorsError;
use super::element::Element;
use super::positioned::Positioned;
use super::vectors::{Vectors, check_finite, check_range};
use crate::DataError;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 18;

/// Takes the position of a number and its bytes.
type VisitNumber<'a> = dyn FnMut(usize, &[u8]) -> Result<(), DataError> + 'a;

/// An array of the last axis `dim`, all others taken together as rows; C order.
#[derive(Debug)]
pub(crate) struct RawArray {
    file: Positioned,
    offset: u64,
    rows: usize,
    dim: usize,
    element: Element,
}

impl RawArray {
    /// An array that begins at a byte of a file, and all of which is there.
    pub(crate) fn new(
        file: Positioned,
        offset: u64,
        rows: u64,
        dim: u64,
        element: Element,
    ) -> Result<Self, DataError> {
        let needed = rows
            .checked_mul(dim)
            .and_then(|count| count.checked_mul(element.size() as u64))
            .and_then(|bytes| bytes.checked_add(offset));
        let sizes = usize::try_from(rows).ok().zip(usize::try_from(dim).ok());
        let (Some(needed), Some((rows, dim))) = (needed, sizes) else {
            let reason =
                format!("its header speaks of {rows} × {dim} numbers, more than can be addressed");
            return Err(VectorsError::damaged(file.path(), reason).into());
        };
        if needed > file.bytes() {
            let reason = format!(
                "{rows} × {dim} numbers would end at byte {needed}, but the file has {}; was its copy complete?",
                file.bytes()
            );
            return Err(VectorsError::damaged(file.path(), reason).into());
        }
        Ok(Self {
            file,
            offset,
            rows,
            dim,
            element,
        })
    }

    pub(crate) fn element(&self) -> Element {
        self.element
    }

    /// Calls `visit` with each number's bytes, in order.
    pub(crate) fn each_number(&self, visit: &mut VisitNumber<'_>) -> Result<(), DataError> {
        let size = self.element.size();
        let count = self.rows * self.dim;
        let per_chunk = (CHUNK / size).max(1);
        let mut buffer = vec![0; per_chunk.min(count) * size];
        let mut at = 0;
        while at < count {
            let now = per_chunk.min(count - at);
            let bytes = &mut buffer[..now * size];
            self.file.read(self.offset + (at * size) as u64, bytes)?;
            for (n, number) in bytes.chunks_exact(size).enumerate() {
                visit(at + n, number)?;
            }
            at += now;
        }
        Ok(())
    }
}

impl Vectors for RawArray {
    fn file(&self) -> &Path {
        self.file.path()
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn read(&self, rows: Range<usize>, out: &mut [f32]) -> Result<(), DataError> {
        check_range(self, &rows, out)?;
        let size = self.element.size();
        let first = rows.start * self.dim;
        let mut buffer = vec![0; CHUNK.min(out.len() * size)];
        for (n, chunk) in out.chunks_mut(CHUNK / size).enumerate() {
            let at = first + n * (CHUNK / size);
            let bytes = &mut buffer[..chunk.len() * size];
            self.file.read(self.offset + (at * size) as u64, bytes)?;
            self.element.decode(bytes, chunk);
        }
        check_finite(self.file.path(), rows.start, self.dim, out)
    }
}
