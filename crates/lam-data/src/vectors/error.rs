use std::path::{Path, PathBuf};

/// What is wrong with a file of vectors, labels or embeddings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VectorsError {
    /// A name that says nothing about what is in the file.
    #[error("{}: expected a file whose name ends with {expected}", file.display())]
    UnknownEnding {
        /// The file.
        file: PathBuf,
        /// Endings that are known.
        expected: &'static str,
    },
    /// The file is not what its name says, or not all of it is there.
    #[error("{}: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file holds something else.
    #[error("{}: it holds {found}; expected {expected}", file.display())]
    WrongContent {
        /// The file.
        file: PathBuf,
        /// What it holds.
        found: String,
        /// What it should hold, and how to get there.
        expected: String,
    },
    /// No tensor or column of that name, or several where none was named.
    #[error(
        "{}: {reason}; it has {}; name one as in {}:NAME",
        file.display(),
        if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        file.display()
    )]
    Name {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
        /// Names that would do.
        known: Vec<String>,
    },
    /// A row that cannot be used.
    #[error("{}, row {row} (counted from 0): {reason}", file.display())]
    Row {
        /// The file.
        file: PathBuf,
        /// Its number, from 0.
        row: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Two files that should go together do not.
    #[error(
        "{}: {rows} rows, but {} has {others}: expected one for each",
        file.display(),
        other.display()
    )]
    RowCounts {
        /// The first file.
        file: PathBuf,
        /// Its rows.
        rows: usize,
        /// The second file.
        other: PathBuf,
        /// The second file's rows.
        others: usize,
    },
    /// Vectors of another size than those before them.
    #[error(
        "{}: vectors of {found} numbers, but {} has {expected}: expected the same in all files",
        file.display(),
        first.display()
    )]
    Sizes {
        /// The file.
        file: PathBuf,
        /// Numbers in its vectors.
        found: usize,
        /// The first file.
        first: PathBuf,
        /// Numbers in its vectors.
        expected: usize,
    },
    /// Rows outside the file.
    #[error("{}: rows {start} to {end} were asked for, but there are {rows}", file.display())]
    Range {
        /// The file.
        file: PathBuf,
        /// The first row asked for.
        start: usize,
        /// The end of what was asked for.
        end: usize,
        /// Rows that there are.
        rows: usize,
    },
}

impl VectorsError {
    pub(crate) fn damaged(file: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged {
            file: file.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn content(
        file: &Path,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self::WrongContent {
            file: file.into(),
            found: found.into(),
            expected: expected.into(),
        }
    }

    pub(crate) fn row(file: &Path, row: usize, reason: impl Into<String>) -> Self {
        Self::Row {
            file: file.into(),
            row,
            reason: reason.into(),
        }
    }
}
