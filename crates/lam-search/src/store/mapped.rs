//! Files as memory.

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use super::StoreError;

#[cfg(target_endian = "big")]
compile_error!("index files are little-endian and used as they lie in memory");

/// A file that is not empty, mapped read-only.
#[derive(Debug)]
pub(crate) struct Mapped(Mmap);

impl Mapped {
    /// Maps a file that no one changes.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|error| StoreError::io(path, "opening", error))?;
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| StoreError::io(path, "reading", error))?;
        if metadata.len() == 0 {
            return Err(StoreError::damaged(path, "the file is empty"));
        }
        // SAFETY: Files that are mapped are written under another name, renamed when they are complete, and
        // never changed afterwards but only unlinked, which leaves the map alone. Another program that
        // truncates one while it is open makes this one end with a bus error, as with any mapped file.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) };
        map.map(Self)
            .map_err(|error| StoreError::io(path, "mapping", error))
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
