//! Embeddings as arrays of NumPy beside each other.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::header::EmbeddingHeader;
use super::partial::Partial;
use super::rows::EmbeddingBatch;
use super::whole_file::{with_stem, write_whole};
use crate::DataError;

/// What follows the stem in the names of the files beside the means.
pub(super) const SIGMA: &str = ".sigma.npy";
pub(super) const UNCERTAINTY: &str = ".uncertainty.npy";
pub(super) const LABELS: &str = ".labels.npy";
pub(super) const IDS: &str = ".ids.txt";
pub(super) const NOTES: &str = ".json";

/// Writes the files; that of the means, which says that all are there, is removed first and comes last.
pub(super) fn write(
    path: &Path,
    header: &EmbeddingHeader,
    partial: &Partial,
) -> Result<(), DataError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(DataError::io(path, "replacing", error));
        }
        _ => {}
    }
    let (rows, dim) = (header.rows, header.dim);
    let source = Source { header, partial };
    let matrix = format!("({rows}, {dim})");
    let column = format!("({rows},)");
    let (f4, f8, i8) = ("<f4", "<f8", "<i8");
    let (sigma, uncertainty) = (with_stem(path, SIGMA), with_stem(path, UNCERTAINTY));
    if header.spread {
        source.array(&sigma, f4, &matrix, |batch, out| {
            let values = batch.sigma.iter().flatten();
            bytes(out, values.map(|value| value.to_le_bytes()))
        })?;
        source.array(&uncertainty, f8, &column, |batch, out| {
            let values = batch.uncertainty.iter().flatten();
            bytes(out, values.map(|value| value.to_le_bytes()))
        })?;
    } else {
        // Those of another run that wrote here.
        let _ = (fs::remove_file(&sigma), fs::remove_file(&uncertainty));
    }
    let labels = with_stem(path, LABELS);
    if header.class_names.is_some() {
        source.array(&labels, i8, &column, |batch, out| {
            let values = batch.labels.iter().flatten();
            bytes(out, values.map(|&value| i64::from(value).to_le_bytes()))
        })?;
    } else {
        let _ = fs::remove_file(&labels);
    }
    source.file(&with_stem(path, IDS), "", |batch, out| {
        batch.ids.iter().try_for_each(|id| writeln!(out, "{id}"))
    })?;
    write_whole(&with_stem(path, NOTES), |out| {
        let text = header.to_json();
        writeln!(out, "{text}").map_err(|error| DataError::io(path, "writing", error))
    })?;
    source.array(path, f4, &matrix, |batch, out| {
        bytes(out, batch.mean.iter().map(|value| value.to_le_bytes()))
    })
}

fn bytes<const N: usize>(
    out: &mut BufWriter<File>,
    values: impl Iterator<Item = [u8; N]>,
) -> io::Result<()> {
    for value in values {
        out.write_all(&value)?;
    }
    Ok(())
}

struct Source<'a> {
    header: &'a EmbeddingHeader,
    partial: &'a Partial,
}

impl Source<'_> {
    fn file(
        &self,
        path: &Path,
        head: &str,
        write: impl Fn(&EmbeddingBatch, &mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), DataError> {
        write_whole(path, |out| {
            let failed = |error| DataError::io(path, "writing", error);
            // Characters up to U+00FF, each one byte: the mark of NumPy is not UTF-8.
            let head: Vec<u8> = head.chars().map(|c| c as u8).collect();
            out.write_all(&head).map_err(failed)?;
            self.partial
                .each(self.header, &mut |batch| write(&batch, out).map_err(failed))
        })
    }

    fn array(
        &self,
        path: &Path,
        descr: &str,
        shape: &str,
        write: impl Fn(&EmbeddingBatch, &mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), DataError> {
        self.file(path, &npy_header(descr, shape), write)
    }
}

/// A header of version 1, padded so that numbers begin at a multiple of 64 bytes; each character stands for a byte.
fn npy_header(descr: &str, shape: &str) -> String {
    let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let unpadded = 10 + dictionary.len() + 1;
    let length = unpadded.next_multiple_of(64) - 10;
    let padding = " ".repeat(length - dictionary.len() - 1);
    let (low, high) = ((length % 256) as u8, (length / 256) as u8);
    format!(
        "\u{93}NUMPY\u{1}\u{0}{}{}{dictionary}{padding}\n",
        char::from(low),
        char::from(high)
    )
}
