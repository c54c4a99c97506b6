//! Tables as comma-separated values.

use std::path::{Path, PathBuf};

use super::text::read_text;
use crate::{DataError, LayoutError};

/// A table, its columns found by name where it has a header.
pub(crate) struct CsvTable {
    file: PathBuf,
    header: Vec<String>,
    rows: Vec<(u64, csv::StringRecord)>,
}

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    file: &'a Path,
    /// Number of its first line, from 1.
    pub(crate) line: u64,
    record: &'a csv::StringRecord,
}

impl CsvTable {
    /// A table whose first row names the columns. `purpose` says what the data set has it for.
    pub(crate) fn with_header(file: &Path, purpose: &'static str) -> Result<Self, DataError> {
        let mut table = Self::without_header(file, purpose)?;
        if table.rows.is_empty() {
            return Err(LayoutError::line(file, 1, "the table is empty, expected a header").into());
        }
        let (_, header) = table.rows.remove(0);
        table.header = header.iter().map(str::to_owned).collect();
        Ok(table)
    }

    /// A table of nothing but rows.
    pub(crate) fn without_header(file: &Path, purpose: &'static str) -> Result<Self, DataError> {
        let text = read_text(file, purpose)?;
        let mut rows = Vec::new();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(true) => {
                    let line = record.position().map_or(0, |at| first_line(&text, at));
                    rows.push((line, record.clone()));
                }
                Ok(false) => break,
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    return Err(LayoutError::line(file, line, error.to_string()).into());
                }
            }
        }
        Ok(Self {
            file: file.into(),
            header: Vec::new(),
            rows,
        })
    }

    /// Position of a column that must be there.
    pub(crate) fn column(&self, name: &'static str) -> Result<usize, DataError> {
        self.optional_column(name).ok_or_else(|| {
            LayoutError::NoColumn {
                file: self.file.clone(),
                column: name,
                found: self.header.clone(),
            }
            .into()
        })
    }

    /// Position of a column that may be there.
    pub(crate) fn optional_column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|known| known == name)
    }

    /// The rows, from the top.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row {
            file: &self.file,
            line: *line,
            record,
        })
    }
}

/// Number of the line at which a record really begins: its position counts from before the empty lines in front of it.
fn first_line(text: &str, at: &csv::Position) -> u64 {
    let rest = text
        .as_bytes()
        .get(at.byte() as usize..)
        .unwrap_or_default();
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    at.line() + blank.filter(|&&byte| byte == b'\n').count() as u64
}

impl<'a> Row<'a> {
    /// A value; empty where the row ends before it.
    pub(crate) fn get(&self, column: usize) -> &'a str {
        self.record.get(column).unwrap_or_default()
    }

    /// A value that must not be empty.
    pub(crate) fn text(&self, column: usize, name: &str) -> Result<&'a str, DataError> {
        match self.get(column) {
            "" => Err(self.error(format!("no {name}"))),
            text => Ok(text),
        }
    }

    /// A value that must be a finite number.
    pub(crate) fn number(&self, column: usize, name: &str) -> Result<f64, DataError> {
        let text = self.text(column, name)?;
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.error(format!("{name} is '{text}', expected a finite number"))),
        }
    }

    /// A value that must be true or false; nothing where it is empty.
    pub(crate) fn truth(&self, column: usize, name: &str) -> Result<Option<bool>, DataError> {
        let text = self.get(column);
        match text.to_ascii_lowercase().as_str() {
            "" | "none" | "nan" => Ok(None),
            "true" | "1" | "1.0" => Ok(Some(true)),
            "false" | "0" | "0.0" => Ok(Some(false)),
            _ => Err(self.error(format!("{name} is '{text}', expected True or False"))),
        }
    }

    /// The last value, and how many there are.
    pub(crate) fn last(&self) -> (&'a str, usize) {
        let len = self.record.len();
        (self.get(len.saturating_sub(1)), len)
    }

    /// What is wrong with the row.
    pub(crate) fn error(&self, reason: impl Into<String>) -> DataError {
        LayoutError::line(self.file, self.line, reason).into()
    }
}
