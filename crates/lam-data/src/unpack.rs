//! Archives, unpacked without trusting them.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use tar::{Archive, EntryType};

use crate::remote::Unpack;
use crate::{DataError, LayoutError};

/// Most files of an archive.
const MOST_FILES: usize = 4_000_000;

/// Takes a folder out of a `.tar.gz` archive into `destination`, in one step: it is unpacked beside and then renamed.
///
/// Only files and folders are made. An archive with a link or a path that leads elsewhere is refused, and so is one with
/// more than it should have.
///
/// # Errors
/// [`LayoutError::WrongFormat`] with the reason, [`DataError::Io`] for the local disk.
pub(crate) fn unpack(archive: &Path, wanted: Unpack, destination: &Path) -> Result<(), DataError> {
    let beside = destination.join(format!(".{}.unpacking", wanted.folder));
    let io = |path: &Path, action| {
        let path = path.to_owned();
        move |error| DataError::io(&path, action, error)
    };
    remove(&beside)?; // of an unpacking that was interrupted
    fs::create_dir_all(&beside).map_err(io(&beside, "making the folder"))?;
    let unpacked = unpack_into(archive, wanted, &beside).and_then(|()| {
        let (from, to) = (beside.join(wanted.folder), destination.join(wanted.folder));
        fs::rename(&from, &to).map_err(io(&to, "putting it in place"))
    });
    let removed = remove(&beside);
    unpacked.and(removed)
}

fn remove(folder: &Path) -> Result<(), DataError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(DataError::io(folder, "removing", error))
        }
        _ => Ok(()),
    }
}

fn unpack_into(archive: &Path, wanted: Unpack, folder: &Path) -> Result<(), DataError> {
    let wrong = |reason: String| -> DataError {
        LayoutError::WrongFormat {
            file: archive.into(),
            format: "the archive it should be",
            reason,
        }
        .into()
    };
    let damaged = |error: io::Error| wrong(format!("it is damaged ({error})"));
    let stored = File::open(archive).map_err(|e| DataError::io(archive, "reading", e))?;
    let content = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, stored));
    let mut unpacked = Archive::new(content);
    let (mut files, mut bytes) = (0, 0u64);
    for entry in unpacked.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let named = entry.path().map_err(damaged)?.into_owned();
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            continue;
        }
        let path =
            plain(&named).ok_or_else(|| wrong(format!("'{}' leads out of it", named.display())))?;
        if !path.starts_with(wanted.folder) {
            continue;
        }
        files += 1;
        bytes = bytes.saturating_add(entry.size());
        if files > MOST_FILES || bytes > wanted.most_bytes {
            let limit = wanted.most_bytes;
            return Err(wrong(format!(
                "more than {MOST_FILES} files or {limit} bytes"
            )));
        }
        let target = folder.join(&path);
        let writing = |error| DataError::io(&target, "writing", error);
        match kind {
            EntryType::Directory => fs::create_dir_all(&target).map_err(writing)?,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent).map_err(writing)?;
                }
                let mut file = File::create(&target).map_err(writing)?;
                copy(&mut entry, &mut file, damaged, writing)?;
            }
            other => {
                let name = path.display();
                return Err(wrong(format!(
                    "'{name}' is neither file nor folder ({other:?})"
                )));
            }
        }
    }
    if !folder.join(wanted.folder).is_dir() {
        return Err(wrong(format!("no folder '{}' in it", wanted.folder)));
    }
    Ok(())
}

/// The path without `.`; nothing for one that leads elsewhere.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(plain)
}

/// Tells apart whose fault a failure is: the archive's or the disk's.
fn copy(
    from: &mut impl Read,
    to: &mut impl io::Write,
    reading: impl Fn(io::Error) -> DataError,
    writing: impl Fn(io::Error) -> DataError,
) -> Result<(), DataError> {
    let mut buffer = [0; 1 << 14];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(&buffer[..count]).map_err(&writing)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(reading(error)),
        }
    }
}
