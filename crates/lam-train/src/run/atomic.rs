//! Files that appear whole or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::RunError;

/// Ending of files being written; one that is left over belongs to a process that was killed.
const PART_SUFFIX: &str = ".part";

/// Replaces the content of a file, or makes it: readers and a crash see the old content or the new.
///
/// # Errors
/// The path and the system's reason; the old content is untouched and no temporary file remains.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    write_atomic_with(path, |out| out.write_all(bytes))
}

/// As [`write_atomic`], with the content written by a function.
///
/// # Errors
/// As [`write_atomic`], for the function's own errors too.
pub fn write_atomic_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), RunError> {
    replace(path, write).map_err(RunError::io("write", path))
}

fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the path of a file"))?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let temporary = Temporary::create(folder, name)?;
    let mut out = BufWriter::new(&temporary.file);
    write(&mut out)?;
    out.flush()?;
    drop(out);
    temporary.file.sync_all()?;
    temporary.rename(path)?;
    sync_folder(folder)
}

/// A new file that is removed unless it gets its final name. In the same folder as that, since a
/// rename is atomic only within one file system.
struct Temporary {
    path: PathBuf,
    file: File,
    renamed: bool,
}

impl Temporary {
    fn create(folder: &Path, target: &OsStr) -> io::Result<Self> {
        // Tells apart the files of threads; the process's number those of processes.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let mut name = OsString::from(".");
            name.push(target);
            name.push(format!(".{}-{number}{PART_SUFFIX}", std::process::id()));
            let path = folder.join(name);
            match File::create_new(&path) {
                // Left over from a killed process that had the same number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(file) => {
                    return Ok(Self {
                        path,
                        file,
                        renamed: false,
                    });
                }
            }
        }
    }

    fn rename(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // The error that brought us here matters more than one from cleaning up.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The rename itself must survive a power failure.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Folders cannot be opened for syncing here.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether a file is what a killed process had begun to write in place of the file `target`.
pub(super) fn is_leftover_of(name: &OsStr, target: &str) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(&format!(".{target}.")) && name.ends_with(PART_SUFFIX)
}

/// Removes what killed processes left half-written in a folder. Only for folders that this process
/// has locked.
pub(super) fn remove_leftovers(folder: &Path) -> Result<(), RunError> {
    let failed = || RunError::io("read the folder", folder);
    for entry in fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') && name.ends_with(PART_SUFFIX) {
            fs::remove_file(&path).map_err(RunError::io("remove", &path))?;
        }
    }
    Ok(())
}
