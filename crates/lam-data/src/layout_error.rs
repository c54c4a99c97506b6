use std::path::{Path, PathBuf};

/// What is wrong with the folder of a data set, or with a file that says which images it has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// A list is missing.
    #[error("{}: no such file; it is {purpose}, without which the images cannot be told apart", file.display())]
    NoSuchFile {
        /// The file.
        file: PathBuf,
        /// What it is for, for instance "the list of images".
        purpose: &'static str,
    },
    /// A folder is missing.
    #[error("{}: no such folder; expected {expected}", folder.display())]
    NoSuchFolder {
        /// The folder.
        folder: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// A list that is longer than any in use.
    #[error("{}: more than {limit} bytes; this is no list of images", file.display())]
    ListTooLong {
        /// The file.
        file: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// A line of a list or a row of a table says nothing useful.
    #[error("{}, line {line}: {reason}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong with it and what was expected.
        reason: String,
    },
    /// A table without a column that is needed.
    #[error(
        "{}: no column '{column}'; its header has: {}",
        file.display(),
        found.join(", ")
    )]
    NoColumn {
        /// The table.
        file: PathBuf,
        /// Name of the column.
        column: &'static str,
        /// Names that the header has.
        found: Vec<String>,
    },
    /// Images that a list names do not exist.
    #[error(
        "{}: {missing} of the {listed} images that it lists do not exist:{}{}",
        list.display(),
        first.iter().map(|(line, path)| format!("\n  line {line}: {}", path.display())).collect::<String>(),
        if first.len() < *missing { "\n  …" } else { "" },
    )]
    ImagesMissing {
        /// The list.
        list: PathBuf,
        /// Number of images that it names.
        listed: usize,
        /// How many of them do not exist.
        missing: usize,
        /// The first of them, and the line that names each.
        first: Vec<(u64, PathBuf)>,
    },
    /// No image where there should be some.
    #[error("{}: no image, expected {expected}{}", place.display(), passed_over(*ignored))]
    NoImages {
        /// The folder or list.
        place: PathBuf,
        /// What was expected in it.
        expected: String,
        /// Number of files that were passed over.
        ignored: usize,
    },
    /// Nothing that could be found again.
    #[error(
        "{}: every class has a single image ({classes} in all), so no image has another one to be found; \
         add images, or put those that show the same into one class",
        place.display()
    )]
    OnlySingletons {
        /// The folder or list.
        place: PathBuf,
        /// Number of classes.
        classes: usize,
    },
    /// A file that is not of the format that its place promises.
    #[error("{}: not {format}: {reason}", file.display())]
    WrongFormat {
        /// The file.
        file: PathBuf,
        /// What it should be.
        format: &'static str,
        /// What it is instead, or what is wrong with it.
        reason: String,
    },
}

fn passed_over(ignored: usize) -> String {
    match ignored {
        0 => String::new(),
        1 => " (1 file is no JPEG, PNG or WebP by its name)".to_owned(),
        n => format!(" ({n} files are no JPEG, PNG or WebP by their names)"),
    }
}

impl LayoutError {
    pub(crate) fn line(file: &Path, line: u64, reason: impl Into<String>) -> Self {
        Self::Line {
            file: file.into(),
            line,
            reason: reason.into(),
        }
    }
}
