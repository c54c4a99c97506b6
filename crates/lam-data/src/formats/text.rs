//! Lists as plain text.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::{DataError, LayoutError};

/// Largest list that is read, in bytes; the longest in use have a few megabytes.
const MOST_BYTES: u64 = 1 << 28;

/// A line that is not empty.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Its text, without blanks at its ends.
    pub(crate) text: &'a str,
}

/// Text of a list, at most [`MOST_BYTES`] of UTF-8. `purpose` says what the data set has it for.
pub(crate) fn read_text(file: &Path, purpose: &'static str) -> Result<String, DataError> {
    let reading = |source| DataError::io(file, "reading", source);
    if !file.is_file() {
        return Err(LayoutError::NoSuchFile {
            file: file.into(),
            purpose,
        }
        .into());
    }
    let mut bytes = Vec::new();
    File::open(file)
        .map_err(reading)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(reading)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(LayoutError::ListTooLong {
            file: file.into(),
            limit: MOST_BYTES,
        }
        .into());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64;
        LayoutError::line(file, line, "not UTF-8 text; save the file as UTF-8")
    })?;
    // Some editors put a mark in front.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The lines of [`read_text`] that are not empty.
pub(crate) fn read_lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    (1..)
        .zip(text.lines())
        .map(|(number, text)| Line {
            number,
            text: text.trim(),
        })
        .filter(|line| !line.text.is_empty())
}
