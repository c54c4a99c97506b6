use std::fs::File;
use std::io::{BufRead, BufReader, Cursor};
use std::path::{Path, PathBuf};

use crate::DataError;

/// Bytes of one file: on disk, or compiled into the program.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file on disk.
    File(PathBuf),
    /// Content compiled into the program, and the name that errors call it by.
    Embedded(&'static str, &'static [u8]),
}

impl Source {
    /// The name that errors call it by.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Embedded(name, _) => Path::new(name),
        }
    }

    /// A reader from the start, and the number of bytes stored.
    pub(crate) fn open(&self) -> Result<(Box<dyn BufRead>, u64), DataError> {
        match self {
            Self::File(path) => {
                let reading = |source| DataError::io(path, "reading", source);
                let file = File::open(path).map_err(reading)?;
                let len = file.metadata().map_err(reading)?.len();
                Ok((Box::new(BufReader::with_capacity(1 << 16, file)), len))
            }
            Self::Embedded(_, bytes) => Ok((Box::new(Cursor::new(*bytes)), bytes.len() as u64)),
        }
    }
}
