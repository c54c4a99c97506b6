//! A calibration on disk, beside the index that it belongs to.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::beside::{read_json, write_json};
use crate::{AnsweredQuery, Calibration, Provenance, RetrieveError};

const FILE: &str = "calibration.json";
const FORMAT: &str = "lam calibration 1";
const REMEDY: &str = "calibrate again with lam index calibrate";

#[derive(Serialize, Deserialize)]
struct Stored {
    format: String,
    provenance: Provenance,
    answered: Vec<AnsweredQuery>,
}

impl Calibration {
    /// Writes it beside the index; what stood there is replaced whole or not at all.
    ///
    /// # Errors
    /// [`RetrieveError::File`] where the disk fails.
    pub fn save(&self, index: &Path) -> Result<(), RetrieveError> {
        let stored = Stored {
            format: FORMAT.to_owned(),
            provenance: self.provenance().clone(),
            answered: self.answered().to_vec(),
        };
        write_json(index, FILE, &stored)
    }

    /// The calibration of an index; none if there is none.
    ///
    /// # Errors
    /// [`RetrieveError::File`] for a file that is damaged.
    pub fn load(index: &Path) -> Result<Option<Self>, RetrieveError> {
        let Some(stored) = read_json::<Stored>(index, FILE, REMEDY)? else {
            return Ok(None);
        };
        let damaged = |what: &str| RetrieveError::File {
            path: index.join(FILE),
            reason: format!("damaged ({what}): {REMEDY}"),
        };
        if stored.format != FORMAT {
            return Err(damaged("another format"));
        }
        let scores = |answer: &AnsweredQuery| {
            let given = [Some(answer.distance), answer.uncertainty, answer.agreement];
            given.into_iter().flatten().all(f64::is_finite)
        };
        if stored.answered.is_empty() || !stored.answered.iter().all(scores) {
            return Err(damaged("an answer is missing or not finite"));
        }
        Ok(Some(Self::new(stored.answered, stored.provenance)))
    }
}
