//! `log.jsonl`: one JSON object a line, each with the step it belongs to.
//!
//! Nothing in it depends on the clock, so the log of an interrupted and resumed run equals that of
//! an uninterrupted one. (TensorBoard's event files carry the times.)

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::RunError;

/// No line of ours is longer; a longer one is damage, and is not read into memory.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Appends lines to a log.
#[derive(Debug)]
pub struct JsonLog {
    path: PathBuf,
    file: File,
}

impl JsonLog {
    /// Begins an empty log.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: &Path) -> Result<Self, RunError> {
        let file = File::create(path).map_err(RunError::io("write", path))?;
        Ok(Self::over(path, file))
    }

    /// Goes on with a log after the checkpoint of `step`: lines of later steps, and a last line that
    /// was torn by a crash, are cut off. An absent log counts as an empty one. Whatever belongs to a
    /// step must be logged before that step's checkpoint is written.
    ///
    /// # Errors
    /// The file cannot be read or written, or a line up to `step` is damaged.
    pub fn resume(path: &Path, step: u64) -> Result<Self, RunError> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(RunError::io("write", path))?;
        let mut kept = 0;
        let mut lines = Lines::over(path, &file);
        while let Some(line) = lines.next_line()? {
            if line.step > step {
                break;
            }
            kept = line.end;
        }
        file.set_len(kept)
            .and_then(|()| file.seek(SeekFrom::Start(kept)))
            .and_then(|_| file.sync_all())
            .map_err(RunError::io("write", path))?;
        Ok(Self::over(path, file))
    }

    fn over(path: &Path, file: File) -> Self {
        Self {
            path: path.to_owned(),
            file,
        }
    }

    /// Adds the line `{"step": …, "event": …, fields…}` and hands it to the operating system, so that
    /// killing this process cannot lose it. Numbers that are not finite become null.
    ///
    /// # Errors
    /// The path and the system's reason.
    pub fn append(
        &mut self,
        step: u64,
        event: &str,
        fields: &[(&str, Value)],
    ) -> Result<(), RunError> {
        let mut object = Map::new();
        object.insert("step".to_owned(), step.into());
        object.insert("event".to_owned(), event.into());
        for (name, value) in fields {
            object.insert((*name).to_owned(), value.clone());
        }
        let mut line = Value::Object(object).to_string();
        line.push('\n');
        // One write a line: a crash tears at most the last.
        self.file
            .write_all(line.as_bytes())
            .map_err(RunError::io("write", &self.path))
    }
}

/// The lines of a log, without a last one that was torn by a crash.
///
/// # Errors
/// The file cannot be read, or a line is damaged.
pub fn read_log(path: &Path) -> Result<Vec<Map<String, Value>>, RunError> {
    let file = File::open(path).map_err(RunError::io("read", path))?;
    let mut lines = Lines::over(path, &file);
    let mut objects = Vec::new();
    while let Some(line) = lines.next_line()? {
        objects.push(line.object);
    }
    Ok(objects)
}

struct Line {
    object: Map<String, Value>,
    step: u64,
    /// Offset of the byte after the line.
    end: u64,
}

struct Lines<'a> {
    path: &'a Path,
    reader: BufReader<&'a File>,
    number: usize,
    offset: u64,
}

impl<'a> Lines<'a> {
    fn over(path: &'a Path, file: &'a File) -> Self {
        Self {
            path,
            reader: BufReader::new(file),
            number: 0,
            offset: 0,
        }
    }

    /// The next whole line; none at the end of the file or at a torn last line.
    fn next_line(&mut self) -> Result<Option<Line>, RunError> {
        let mut bytes = Vec::new();
        let read = std::io::Read::take(&mut self.reader, MAX_LINE_BYTES)
            .read_until(b'\n', &mut bytes)
            .map_err(RunError::io("read", self.path))?;
        self.number += 1;
        self.offset += read as u64;
        if bytes.last() != Some(&b'\n') {
            // The end of the file, or a line that was never finished.
            return if (read as u64) < MAX_LINE_BYTES {
                Ok(None)
            } else {
                Err(self.damaged("a line of more than a megabyte"))
            };
        }
        let Ok(Value::Object(object)) = serde_json::from_slice(&bytes) else {
            return Err(self.damaged("not a JSON object"));
        };
        match object.get("step").and_then(Value::as_u64) {
            Some(step) => Ok(Some(Line {
                object,
                step,
                end: self.offset,
            })),
            None => Err(self.damaged("no 'step' in it")),
        }
    }

    fn damaged(&self, reason: &str) -> RunError {
        RunError::Corrupt {
            path: self.path.to_owned(),
            line: Some(self.number),
            reason: format!("damaged log: {reason}"),
        }
    }
}
