//! The table of trials: a line of JSON for every event, each on disk before the next begins.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::error::SweepError;
use super::history::Validation;
use crate::run::RunError;

/// Version of the table.
const VERSION: u64 = 1;
/// A larger table is not ours.
const MAX_BYTES: u64 = 256 << 20;

/// How far a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialState {
    /// Begun.
    Running,
    /// Trained to its end.
    Complete,
    /// Ended early.
    Stopped,
    /// Failed.
    Failed,
}

impl TrialState {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Running, "running"),
        (Self::Complete, "complete"),
        (Self::Stopped, "stopped"),
        (Self::Failed, "failed"),
    ];

    /// In a word.
    pub fn word(self) -> &'static str {
        let found = Self::ALL.iter().find(|(state, _)| *state == self);
        found.map_or("", |(_, word)| word)
    }
}

/// A trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its number, from 0.
    pub index: usize,
    /// Each parameter's key and value, as written in a configuration.
    pub values: Vec<(String, String)>,
    /// How far it is.
    pub state: TrialState,
    /// The metric on held-out images of the checkpoint that it keeps.
    pub value: Option<f64>,
    /// Its validations.
    pub history: Vec<Validation>,
    /// Why it failed.
    pub reason: Option<String>,
}

/// The table in memory and on disk.
#[derive(Debug)]
pub struct TrialTable {
    path: PathBuf,
    file: File,
    trials: Vec<Trial>,
}

impl TrialTable {
    /// Opens a table, or begins it. A last line that a crash has torn is cut off.
    ///
    /// # Errors
    /// It belongs to a sweep of another `identity` (which says in its fields what a sweep is), is damaged, or cannot be
    /// written.
    pub fn open(path: &Path, identity: &[(&'static str, String)]) -> Result<Self, SweepError> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(RunError::io("write", path))?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file)
            .take(MAX_BYTES)
            .read_to_end(&mut bytes)
            .map_err(RunError::io("read", path))?;
        let whole = bytes
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        bytes.truncate(whole);
        // What is no text is no JSON either, and is reported with its line.
        let text = String::from_utf8_lossy(&bytes);
        file.set_len(whole as u64)
            .and_then(|()| file.seek(SeekFrom::Start(whole as u64)))
            .map_err(RunError::io("write", path))?;
        let mut table = Self {
            path: path.to_owned(),
            file,
            trials: Vec::new(),
        };
        let mut lines = text.lines().enumerate();
        match lines.next() {
            None => table.append(&header(identity))?,
            Some((_, first)) => check_header(path, first, identity)?,
        }
        for (number, line) in lines {
            table.read_line(line).map_err(|reason| RunError::Corrupt {
                path: path.to_owned(),
                line: Some(number + 1),
                reason: format!("damaged table of trials: {reason}"),
            })?;
        }
        Ok(table)
    }

    /// The trials.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// Begins the next trial.
    ///
    /// # Errors
    /// The path and the system's reason.
    pub fn begin(&mut self, values: Vec<(String, String)>) -> Result<(), SweepError> {
        let index = self.trials.len();
        let map: Map<String, Value> = values
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect();
        self.append(&json!({"trial": index, "state": "running", "values": map}))?;
        self.trials.push(Trial {
            index,
            values,
            state: TrialState::Running,
            value: None,
            history: Vec::new(),
            reason: None,
        });
        Ok(())
    }

    /// Records how a trial ended.
    ///
    /// # Errors
    /// The path and the system's reason.
    pub fn end(&mut self, trial: Trial) -> Result<(), SweepError> {
        let history: Vec<Value> = trial
            .history
            .iter()
            .map(|validation| json!([validation.epoch, validation.kept]))
            .collect();
        let mut line = json!({
            "trial": trial.index,
            "state": trial.state.word(),
            "value": trial.value,
            "history": history,
        });
        if let Some(reason) = &trial.reason {
            line["reason"] = reason.as_str().into();
        }
        self.append(&line)?;
        if let Some(place) = self.trials.get_mut(trial.index) {
            *place = trial;
        }
        Ok(())
    }

    /// One write a line, then to the disk: a crash tears at most the last.
    fn append(&mut self, line: &Value) -> Result<(), SweepError> {
        let text = format!("{line}\n");
        self.file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data())
            .map_err(RunError::io("write", &self.path))?;
        Ok(())
    }

    fn read_line(&mut self, line: &str) -> Result<(), String> {
        let line: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let index = line.get("trial").and_then(Value::as_u64);
        let index = index.ok_or("no 'trial' in it")? as usize;
        let word = line.get("state").and_then(Value::as_str).unwrap_or("");
        let state = TrialState::ALL.iter().find(|(_, known)| *known == word);
        let (state, _) = *state.ok_or_else(|| format!("no state '{word}'"))?;
        if state == TrialState::Running {
            if index != self.trials.len() {
                return Err(format!("trial {index} after {}", self.trials.len()));
            }
            let values = line.get("values").and_then(Value::as_object);
            let values = values.ok_or("no 'values' in it")?.iter();
            self.trials.push(Trial {
                index,
                values: values
                    .map(|(key, value)| {
                        let text = value.as_str().ok_or("a value that is no text")?;
                        Ok((key.clone(), text.to_owned()))
                    })
                    .collect::<Result<_, String>>()?,
                state,
                value: None,
                history: Vec::new(),
                reason: None,
            });
            return Ok(());
        }
        let trial = self
            .trials
            .get_mut(index)
            .ok_or("a trial that never began")?;
        trial.state = state;
        trial.value = line.get("value").and_then(Value::as_f64);
        let reason = line.get("reason").and_then(Value::as_str);
        trial.reason = reason.map(str::to_owned);
        let history = line.get("history").and_then(Value::as_array);
        trial.history = history
            .into_iter()
            .flatten()
            .map(|entry| {
                let epoch = entry.get(0).and_then(Value::as_u64).ok_or("no epoch")?;
                Ok(Validation {
                    epoch: epoch as usize,
                    kept: entry.get(1).and_then(Value::as_f64).unwrap_or(f64::NAN),
                })
            })
            .collect::<Result<_, String>>()?;
        Ok(())
    }
}

fn header(identity: &[(&'static str, String)]) -> Value {
    let mut line = json!({"version": VERSION});
    for (name, value) in identity {
        line[*name] = value.as_str().into();
    }
    line
}

fn check_header(
    path: &Path,
    line: &str,
    identity: &[(&'static str, String)],
) -> Result<(), SweepError> {
    let found: Value = serde_json::from_str(line).unwrap_or_default();
    if found.get("version").and_then(Value::as_u64) != Some(VERSION) {
        return Err(SweepError::Run(RunError::Corrupt {
            path: path.to_owned(),
            line: Some(1),
            reason: format!("not a table of trials of version {VERSION}"),
        }));
    }
    for (name, value) in identity {
        if found.get(*name).and_then(Value::as_str) != Some(value) {
            return Err(SweepError::OtherSweep {
                path: path.parent().unwrap_or(path).to_owned(),
                what: name,
            });
        }
    }
    Ok(())
}
