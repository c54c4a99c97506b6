//! The files of an index and how they come to be.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::StoreError;

const SNAPSHOT: &str = "items";
const LOG: &str = "log";
const GRAPH: &str = "graph";
const EXTENSION: &str = "lami";
const TEMPORARY: &str = ".tmp-";

fn numbered(folder: &Path, kind: &str, generation: u64) -> PathBuf {
    folder.join(format!("{kind}-{generation:010}.{EXTENSION}"))
}

pub(crate) fn snapshot_path(folder: &Path, generation: u64) -> PathBuf {
    numbered(folder, SNAPSHOT, generation)
}

pub(crate) fn log_path(folder: &Path, generation: u64) -> PathBuf {
    numbered(folder, LOG, generation)
}

pub(crate) fn graph_path(folder: &Path, generation: u64) -> PathBuf {
    numbered(folder, GRAPH, generation)
}

/// Kind and generation of a file of an index.
fn parse(name: &OsStr) -> Option<(&str, u64)> {
    let stem = name.to_str()?.strip_suffix(EXTENSION)?.strip_suffix('.')?;
    let (kind, generation) = stem.rsplit_once('-')?;
    let known = [SNAPSHOT, LOG, GRAPH].contains(&kind);
    generation.parse().ok().filter(|_| known).map(|g| (kind, g))
}

/// The latest snapshot's generation, if there is a snapshot.
pub(crate) fn latest_generation(folder: &Path) -> Result<Option<u64>, StoreError> {
    let mut latest = None;
    for name in names(folder)? {
        if let Some((SNAPSHOT, generation)) = parse(&name) {
            latest = latest.max(Some(generation));
        }
    }
    Ok(latest)
}

/// Removes files of earlier generations and what a writer that was killed left half written. Failure is
/// no fault: they are never read.
pub(crate) fn remove_leftovers(folder: &Path, generation: u64) {
    for name in names(folder).unwrap_or_default() {
        let is_old = parse(&name).is_some_and(|(_, g)| g < generation);
        if is_old || name.to_string_lossy().starts_with(TEMPORARY) {
            let _ = fs::remove_file(folder.join(name));
        }
    }
}

fn names(folder: &Path) -> Result<Vec<std::ffi::OsString>, StoreError> {
    let failed = |error| match error {
        error if std::io::Error::kind(&error) == std::io::ErrorKind::NotFound => {
            StoreError::NotAnIndex {
                folder: folder.into(),
            }
        }
        error => StoreError::io(folder, "listing", error),
    };
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries
        .map(|entry| entry.map(|entry| entry.file_name()).map_err(failed))
        .collect()
}

/// Held while a writer lives; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        let file = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| StoreError::io(&path, "opening", error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
                folder: folder.into(),
            }),
            Err(TryLockError::Error(error)) => Err(StoreError::io(&path, "locking", error)),
        }
    }
}

/// Writes a file under a temporary name, makes it durable, and gives it its name; what was there before
/// is replaced whole.
pub(crate) fn replace_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = |error| StoreError::io(path, "writing", error);
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // As any other file, and not for the owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let (file, temporary) = builder.tempfile_in(folder).map_err(failed)?.into_parts();
    let mut out = BufWriter::with_capacity(1 << 20, file);
    write(&mut out).map_err(failed)?;
    out.flush().map_err(failed)?;
    out.get_ref().sync_all().map_err(failed)?;
    temporary
        .persist(path)
        .map_err(|error| failed(error.error))?;
    sync_folder(folder)
}

/// Makes the names of files in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // Elsewhere folders cannot be opened, and names are durable with the file.
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| StoreError::io(folder, "writing", error))?;
    }
    Ok(())
}
