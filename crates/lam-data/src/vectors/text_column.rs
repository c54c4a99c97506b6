//! One value a line, or a column of a table.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::VectorsError;
use super::column::{Value, Visit};
use super::file_part::FilePart;
use crate::{DataError, LayoutError};

/// Longest line that is read, in bytes.
const MOST_LINE: u64 = 1 << 16;

/// One value a line; empty lines may stand at the end only.
pub(crate) fn each_line(path: &Path, visit: &mut Visit<'_>) -> Result<(), DataError> {
    let failed = |error| DataError::io(path, "reading", error);
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut line = Vec::new();
    let mut empty: Option<u64> = None;
    let mut row = 0;
    for number in 1_u64.. {
        line.clear();
        let mut limited = (&mut file).take(MOST_LINE + 1);
        let read = limited.read_until(b'\n', &mut line).map_err(failed)?;
        if read == 0 {
            break;
        }
        let wrong = |reason: &str| LayoutError::line(path, number, reason);
        if line.len() as u64 > MOST_LINE {
            return Err(wrong("longer than any label").into());
        }
        let text = std::str::from_utf8(&line)
            .map_err(|_| wrong("not UTF-8 text; save the file as UTF-8"))?;
        let text = if number == 1 {
            text.strip_prefix('\u{feff}').unwrap_or(text)
        } else {
            text
        };
        // Blanks inside and in front belong to a path; the end of the line does not.
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            empty = empty.or(Some(number));
            continue;
        }
        if let Some(empty) = empty {
            return Err(LayoutError::line(path, empty, "empty, expected one value a line").into());
        }
        visit(row, Value::Text(text))?;
        row += 1;
    }
    Ok(())
}

/// A column of a table; the only one needs no header.
pub(crate) fn each_csv(
    location: &FilePart,
    delimiter: u8,
    defaults: &[&str],
    visit: &mut Visit<'_>,
) -> Result<(), DataError> {
    let path = &location.file;
    let file = File::open(path).map_err(|error| DataError::io(path, "reading", error))?;
    let mut table = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(BufReader::new(file));
    let mut column = None;
    let mut record = csv::StringRecord::new();
    let mut row = 0;
    loop {
        match table.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                return Err(LayoutError::line(path, line, error.to_string()).into());
            }
        }
        let column = match column {
            Some(column) => column,
            None => {
                let (at, has_header) = column_of(location, &record, defaults)?;
                column = Some(at);
                if has_header {
                    continue;
                }
                at
            }
        };
        match record.get(column) {
            Some(text) if !text.is_empty() => visit(row, Value::Text(text))?,
            _ => {
                let line = record.position().map_or(0, csv::Position::line);
                return Err(LayoutError::line(path, line, "no value in the column").into());
            }
        }
        row += 1;
    }
}

/// Which column is meant, and whether the first row is a header.
fn column_of(
    location: &FilePart,
    first: &csv::StringRecord,
    defaults: &[&str],
) -> Result<(usize, bool), DataError> {
    let plain = |text: &str| text.trim().trim_start_matches('\u{feff}').to_owned();
    let names: Vec<String> = first.iter().map(plain).collect();
    let at = |name: &str| names.iter().position(|known| known == name);
    let reason = match &location.name {
        Some(name) => match at(name) {
            Some(found) => return Ok((found, true)),
            None => format!("no column '{name}'"),
        },
        None => match defaults.iter().find_map(|name| at(name)) {
            Some(found) => return Ok((found, true)),
            None if names.len() == 1 => return Ok((0, false)),
            None => "several columns".to_owned(),
        },
    };
    Err(VectorsError::Name {
        file: location.file.clone(),
        reason,
        known: names,
    }
    .into())
}
