//! Files that appear whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::DataError;

/// Writes a file beside its place and moves it there when all of it is on disk. Only one process may write it at a time.
pub(super) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let failed = |error| DataError::io(path, "writing", error);
    let temporary = beside(path, ".part");
    let mut out = BufWriter::new(File::create(&temporary).map_err(failed)?);
    let written = write(&mut out).and_then(|()| {
        let file = out
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        fs::rename(&temporary, path).map_err(failed)?;
        sync_folder(path).map_err(failed)
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// `path` with something after its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    name.into()
}

/// `STEM` and what follows it, in the folder of `path`.
pub(super) fn with_stem(path: &Path, rest: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(rest);
    path.with_file_name(name)
}

/// A name is on disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}
