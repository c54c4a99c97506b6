//! A calibration on disk, beside the index that it belongs to.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{AnsweredQuery, Calibration, Provenance, RetrieveError};

const FILE: &str = "calibration.json";
const FORMAT: &str = "lam calibration 1";
/// Some hundred bytes a query: a million of them.
const MAX_BYTES: u64 = 256 << 20;

#[derive(Serialize, Deserialize)]
struct Stored {
    format: String,
    provenance: Provenance,
    answered: Vec<AnsweredQuery>,
}

impl Calibration {
    /// Where the calibration of an index is.
    pub fn path(index: &Path) -> PathBuf {
        index.join(FILE)
    }

    /// Writes it beside the index; what stood there is replaced whole or not at all.
    ///
    /// # Errors
    /// [`RetrieveError::File`] where the disk fails.
    pub fn save(&self, index: &Path) -> Result<(), RetrieveError> {
        let path = Self::path(index);
        let failed = |e: &dyn std::fmt::Display| RetrieveError::File {
            path: path.clone(),
            reason: format!("cannot be written: {e}"),
        };
        let stored = Stored {
            format: FORMAT.to_owned(),
            provenance: self.provenance().clone(),
            answered: self.answered().to_vec(),
        };
        let text = serde_json::to_vec(&stored).map_err(|e| failed(&e))?;
        let mut file = tempfile::NamedTempFile::new_in(index).map_err(|e| failed(&e))?;
        file.write_all(&text).map_err(|e| failed(&e))?;
        file.as_file().sync_all().map_err(|e| failed(&e))?;
        file.persist(&path).map_err(|e| failed(&e.error))?;
        Ok(())
    }

    /// The calibration of an index; none if there is none.
    ///
    /// # Errors
    /// [`RetrieveError::File`] for a file that is damaged or too large.
    pub fn load(index: &Path) -> Result<Option<Self>, RetrieveError> {
        let path = Self::path(index);
        let failed = |reason: String| RetrieveError::File {
            path: path.clone(),
            reason,
        };
        let length = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(format!("cannot be read: {e}"))),
        };
        if length > MAX_BYTES {
            return Err(failed(format!(
                "{length} bytes are too many for a calibration"
            )));
        }
        let text = fs::read(&path).map_err(|e| failed(format!("cannot be read: {e}")))?;
        let damaged = |e: String| {
            failed(format!(
                "not a calibration ({e}): calibrate again with lam index calibrate"
            ))
        };
        let stored: Stored = serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
        if stored.format != FORMAT {
            return Err(damaged(format!("its format is {:?}", stored.format)));
        }
        let scores = |answer: &AnsweredQuery| {
            let given = [Some(answer.distance), answer.uncertainty, answer.agreement];
            given.into_iter().flatten().all(f64::is_finite)
        };
        if stored.answered.is_empty() || !stored.answered.iter().all(scores) {
            return Err(damaged("an answer is missing or not finite".to_owned()));
        }
        Ok(Some(Self::new(stored.answered, stored.provenance)))
    }
}
