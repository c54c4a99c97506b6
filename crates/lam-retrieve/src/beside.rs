//! Small files beside an index.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::RetrieveError;

/// A calibration has some hundred bytes a query: a million of them.
const MAX_BYTES: u64 = 256 << 20;

/// Writes a value as JSON; what stood there is replaced whole or not at all.
pub(crate) fn write_json(
    index: &Path,
    name: &str,
    value: &impl Serialize,
) -> Result<(), RetrieveError> {
    let path = index.join(name);
    let failed = |e: &dyn std::fmt::Display| RetrieveError::File {
        path: path.clone(),
        reason: format!("cannot be written: {e}"),
    };
    let text = serde_json::to_vec(value).map_err(|e| failed(&e))?;
    let mut file = tempfile::NamedTempFile::new_in(index).map_err(|e| failed(&e))?;
    file.write_all(&text).map_err(|e| failed(&e))?;
    file.as_file().sync_all().map_err(|e| failed(&e))?;
    file.persist(&path).map_err(|e| failed(&e.error))?;
    Ok(())
}

/// Reads a value; none if there is no such file. `remedy` says what to do about a damaged one.
pub(crate) fn read_json<T: DeserializeOwned>(
    index: &Path,
    name: &str,
    remedy: &str,
) -> Result<Option<T>, RetrieveError> {
    let path = index.join(name);
    let failed = |reason: String| RetrieveError::File {
        path: path.clone(),
        reason,
    };
    let length = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(format!("cannot be read: {e}"))),
    };
    if length > MAX_BYTES {
        return Err(failed(format!("{length} bytes are too many")));
    }
    let text = fs::read(&path).map_err(|e| failed(format!("cannot be read: {e}")))?;
    let value = serde_json::from_slice(&text);
    value
        .map(Some)
        .map_err(|e| failed(format!("damaged ({e}): {remedy}")))
}
