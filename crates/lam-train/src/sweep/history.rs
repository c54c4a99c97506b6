//! The validations of a trial, from its log.

use std::path::Path;

use serde_json::{Map, Value};

use crate::SELECTING_METRIC;
use crate::run::{RunError, read_log};

/// A validation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// Complete epochs.
    pub epoch: usize,
    /// The sweep's metric for the checkpoint that the run would keep so far, the best one by
    /// [`SELECTING_METRIC`]; NaN where it is not defined.
    pub kept: f64,
}

/// The validations in a log up to an epoch. From the log and not from what was watched: an interrupted trial that goes on
/// has its past only there.
///
/// # Errors
/// The log cannot be read.
pub fn validations(
    log: &Path,
    metric: &str,
    last_epoch: usize,
) -> Result<Vec<Validation>, RunError> {
    let mut best: Option<f64> = None;
    let mut kept = f64::NAN;
    let mut found: Vec<Validation> = Vec::new();
    for line in lines(log)? {
        let Some(epoch) = line.get("epoch").and_then(Value::as_u64) else {
            continue;
        };
        let epoch = epoch as usize;
        if epoch > last_epoch || found.last().is_some_and(|last| last.epoch >= epoch) {
            continue;
        }
        let number = |name: &str| line.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let selecting = number(SELECTING_METRIC);
        // As the trainer chooses.
        if best.is_none_or(|best| selecting > best) {
            best = Some(selecting);
            kept = number(metric);
        }
        found.push(Validation { epoch, kept });
    }
    Ok(found)
}

/// The names of what the first validation in a log reports.
pub(super) fn reported(log: &Path) -> Result<Vec<String>, RunError> {
    let first = lines(log)?.into_iter().next().unwrap_or_default();
    let about = ["step", "event", "epoch"];
    Ok(first
        .keys()
        .filter(|name| !about.contains(&name.as_str()))
        .cloned()
        .collect())
}

fn lines(log: &Path) -> Result<Vec<Map<String, Value>>, RunError> {
    if !log.exists() {
        return Ok(Vec::new());
    }
    let is_validation =
        |line: &Map<String, Value>| line.get("event").and_then(Value::as_str) == Some("validation");
    Ok(read_log(log)?.into_iter().filter(is_validation).collect())
}
