use std::fs;
use std::path::{Path, PathBuf};

use super::super::VectorsError;
use super::format::EmbeddingFormat;
use super::header::EmbeddingHeader;
use super::partial::Partial;
use super::rows::EmbeddingRows;
use super::whole_file::beside;
use super::{npy, parquet, safetensors};
use crate::DataError;

/// Writes embeddings row after row. What [`EmbeddingWriter::append`] has taken is on disk, in `OUT.partial`; the file
/// itself appears with [`EmbeddingWriter::finish`], whole or not at all.
pub struct EmbeddingWriter {
    path: PathBuf,
    format: EmbeddingFormat,
    header: EmbeddingHeader,
    partial: Partial,
}

impl EmbeddingWriter {
    /// Begins a file `.parquet`, `.npy` or `.safetensors`; what an interrupted writer left is given up.
    ///
    /// # Errors
    /// An unknown ending, a folder that cannot be written, another process that writes the same file.
    pub fn create(path: &Path, header: EmbeddingHeader) -> Result<Self, DataError> {
        Self::new(path, header, Partial::create)
    }

    /// Goes on where an interrupted writer stopped; [`EmbeddingWriter::written`] says where. Begins anew where there is
    /// nothing to go on with.
    ///
    /// # Errors
    /// As [`EmbeddingWriter::create`]; what is there was begun with another header.
    pub fn resume(path: &Path, header: EmbeddingHeader) -> Result<Self, DataError> {
        Self::new(path, header, Partial::resume)
    }

    fn new(
        path: &Path,
        header: EmbeddingHeader,
        open: fn(&Path, &EmbeddingHeader) -> Result<Partial, DataError>,
    ) -> Result<Self, DataError> {
        let format = EmbeddingFormat::of(path)?;
        if header.dim == 0 {
            return Err(DataError::InvalidArgument {
                argument: "size of embeddings",
                value: "0".to_owned(),
                expected: "at least one number",
            });
        }
        let partial = open(&beside(path, ".partial"), &header)?;
        Ok(Self {
            path: path.into(),
            format,
            header,
            partial,
        })
    }

    /// Rows that are on disk: the number of the row that comes next.
    pub fn written(&self) -> usize {
        self.partial.rows()
    }

    /// The last of them.
    pub fn last_id(&self) -> Option<&str> {
        self.partial.last_id()
    }

    /// What was said at the beginning.
    pub fn header(&self) -> &EmbeddingHeader {
        &self.header
    }

    /// Appends rows; they are on disk afterwards. A batch of some thousand rows costs little more than its writing.
    ///
    /// # Errors
    /// Slices of other sizes than the header says, more rows than it says, numbers that are not finite, a disk that is
    /// full.
    pub fn append(&mut self, rows: &EmbeddingRows<'_>) -> Result<(), DataError> {
        self.check(rows)?;
        if rows.ids.is_empty() {
            return Ok(());
        }
        self.partial.push(rows)
    }

    fn check(&self, rows: &EmbeddingRows<'_>) -> Result<(), DataError> {
        let (n, dim) = (rows.ids.len(), self.header.dim);
        let wrong = |argument: &'static str, value: String, expected: &'static str| {
            Err(DataError::InvalidArgument {
                argument,
                value,
                expected,
            })
        };
        if rows.sigma.is_some() != self.header.spread
            || rows.uncertainty.is_some() != self.header.spread
        {
            return wrong(
                "rows",
                "spread or uncertainty".to_owned(),
                "both if the header says so, else neither",
            );
        }
        let sizes = [
            (rows.mean.len(), n * dim),
            (rows.sigma.map_or(n * dim, <[f32]>::len), n * dim),
            (rows.uncertainty.map_or(n, <[f64]>::len), n),
            (rows.labels.map_or(n, <[u32]>::len), n),
        ];
        for (found, expected) in sizes {
            if found != expected {
                let value = format!("{found} values where {expected} belong");
                return wrong(
                    "rows",
                    value,
                    "a mean and a spread [n, D], an uncertainty, an id and a label for each",
                );
            }
        }
        let classes = self.header.class_names.as_ref().map(Vec::len);
        match (rows.labels, classes) {
            (None, None) => {}
            (Some(labels), Some(classes)) => {
                if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
                    return wrong("label", label.to_string(), "the number of a class name");
                }
            }
            _ => {
                return wrong(
                    "labels",
                    "some".to_owned(),
                    "labels if and only if there are class names",
                );
            }
        }
        let after = self.written() + n;
        if after > self.header.rows {
            return wrong("rows", after.to_string(), "no more than were announced");
        }
        let finite = |values: &[f32]| values.iter().position(|value| !value.is_finite());
        let at = finite(rows.mean).or(rows.sigma.and_then(finite));
        let uncertainty = rows.uncertainty.unwrap_or_default();
        let at = at
            .map(|at| at / dim)
            .or(uncertainty.iter().position(|value| !value.is_finite()));
        if let Some(at) = at {
            let row = self.written() + at;
            let reason = format!("the embedding of {} is not finite", rows.ids[at]);
            return Err(VectorsError::row(&self.path, row, reason).into());
        }
        let unwritable = |id: &&String| id.contains(['\n', '\r']);
        match rows.ids.iter().find(unwritable) {
            Some(id) if self.format == EmbeddingFormat::Npy => wrong(
                "id",
                format!("{id:?}"),
                "no line break in an id, since ids are lines of a file; write .parquet instead",
            ),
            _ => Ok(()),
        }
    }

    /// Writes the file, with as many rows as were appended, and removes what was needed to go on.
    ///
    /// # Errors
    /// A disk that is full; the rows stay, so that it can be tried again.
    pub fn finish(self) -> Result<(), DataError> {
        let whole = EmbeddingHeader {
            rows: self.written(),
            ..self.header.clone()
        };
        let write = match self.format {
            EmbeddingFormat::Parquet => parquet::write,
            EmbeddingFormat::Npy => npy::write,
            EmbeddingFormat::Safetensors => safetensors::write,
        };
        write(&self.path, &whole, &self.partial)?;
        let partial = beside(&self.path, ".partial");
        fs::remove_file(&partial).map_err(|error| DataError::io(&partial, "removing", error))
    }
}
