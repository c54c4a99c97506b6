//! Reading at a position, from any thread.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::VectorsError;
use crate::DataError;

/// A file that several threads read at once. What is read beyond its end is an error, not a signal as with a memory map of
/// a file that somebody truncates.
#[derive(Debug)]
pub(crate) struct Positioned {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl Positioned {
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| DataError::io(path, "reading", error))?;
        Self::new(file, path)
    }

    /// `path` is for messages.
    pub(crate) fn new(file: File, path: &Path) -> Result<Self, DataError> {
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| DataError::io(path, "reading", error))?;
        if metadata.is_dir() {
            return Err(
                VectorsError::content(path, "other files: it is a folder", "a file").into(),
            );
        }
        Ok(Self {
            file,
            path: path.into(),
            bytes: metadata.len(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Size when it was opened.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Fills `out` with what begins at `offset`.
    pub(crate) fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), DataError> {
        read_exact_at(&self.file, offset, out).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => VectorsError::damaged(
                &self.path,
                format!(
                    "the file ends before byte {}; was its copy complete?",
                    offset.saturating_add(out.len() as u64)
                ),
            )
            .into(),
            _ => DataError::io(&self.path, "reading", error),
        })
    }

    /// `length` bytes at `offset`, which are there.
    pub(crate) fn take(&self, offset: u64, length: u64) -> Result<Vec<u8>, DataError> {
        let there = offset
            .checked_add(length)
            .is_some_and(|end| end <= self.bytes);
        let inside = usize::try_from(length).ok().filter(|_| there);
        let length = inside.ok_or_else(|| {
            VectorsError::damaged(
                &self.path,
                format!("{length} bytes should stand at byte {offset}, but the file has {}; was its copy complete?", self.bytes),
            )
        })?;
        let mut bytes = vec![0; length];
        self.read(offset, &mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !out.is_empty() {
        match file.seek_read(out, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                out = &mut out[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
