//! What can go wrong with a stored index.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::ItemId;
use crate::SearchError;

/// Reasons why a stored index cannot be opened, changed or searched.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The system refused.
    #[error("{}: {action} failed: {error}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What was attempted.
        action: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// No snapshot in the folder.
    #[error("{}: no index here (no file items-*.lami); build one first", folder.display())]
    NotAnIndex {
        /// Folder given.
        folder: PathBuf,
    },
    /// An index is there already.
    #[error("{}: there is an index already; add to it, or remove the folder to start again", folder.display())]
    Exists {
        /// Folder given.
        folder: PathBuf,
    },
    /// Another writer holds the lock.
    #[error("{}: another process is writing to this index; wait until it ends", folder.display())]
    Locked {
        /// Folder of the index.
        folder: PathBuf,
    },
    /// A file is not what was written.
    #[error("{}: damaged: {what}; restore the index from a copy, or build it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A newer format.
    #[error("{}: format version {version}, but this program reads version {known}; use a newer program", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        version: u32,
        /// Version of this program.
        known: u32,
    },
    /// An earlier write failed in a way that leaves the state on disk unknown.
    #[error("{}: an earlier write failed ({reason}); open the index again", path.display())]
    Poisoned {
        /// The log.
        path: PathBuf,
        /// The earlier failure.
        reason: String,
    },
    /// A vector of the wrong length.
    #[error("{whose} has {found} values in its {what}, but the index has dimension {dim}")]
    Dimension {
        /// Item or query.
        whose: String,
        /// `mean` or `sigma`.
        what: &'static str,
        /// Values given.
        found: usize,
        /// Dimension of the index.
        dim: usize,
    },
    /// NaN or infinity.
    #[error("{whose} has {value} in dimension {column} of its {what}: values must be finite")]
    NotFinite {
        /// Item or query.
        whose: String,
        /// `mean`, `sigma` or `uncertainty`.
        what: &'static str,
        /// Position of the value.
        column: usize,
        /// The value.
        value: f64,
    },
    /// Distances on the sphere need unit rows.
    #[error(
        "{whose} has a mean of length {length}, not 1: divide embeddings by their length first"
    )]
    NotUnit {
        /// Item or query.
        whose: String,
        /// Length of its mean.
        length: f64,
    },
    /// A spread that is none.
    #[error(
        "{whose} has a deviation of {value} in dimension {column}: deviations lie between 0 and {max:e}"
    )]
    Deviation {
        /// Item or query.
        whose: String,
        /// Dimension.
        column: usize,
        /// The value.
        value: f32,
        /// Largest deviation allowed.
        max: f32,
    },
    /// An index has a spread for all items or for none.
    #[error("{whose} has no sigma, but the index stores one for every item")]
    MissingSpread {
        /// The item.
        whose: String,
    },
    /// An index has a spread for all items or for none.
    #[error("{whose} has a sigma, but the index was made to store none")]
    UnexpectedSpread {
        /// The item.
        whose: String,
    },
    /// Ranking by expected distance needs the items' spread.
    #[error(
        "the index stores no spread, so there is no expected distance to rank by; rank by distance, or build it with sigma"
    )]
    NoSpread,
    /// An id that is taken.
    #[error("item {id} is in the index already: remove it first, or replace it")]
    Duplicate {
        /// The id.
        id: ItemId,
    },
    /// Largest number, kept for "none".
    #[error("{whose} has label {label}: labels go up to {}", u32::MAX - 1)]
    Label {
        /// The item.
        whose: String,
        /// Its label.
        label: u32,
    },
    /// A name for nothing.
    #[error("{whose} has a class name ({class}) but no label: give both")]
    ClassWithoutLabel {
        /// The item.
        whose: String,
        /// Its class name.
        class: String,
    },
    /// Two names for one label.
    #[error("label {label} is called {known} in the index, but {whose} calls it {class}")]
    ClassName {
        /// The item.
        whose: String,
        /// Its label.
        label: u32,
        /// Its class name.
        class: String,
        /// The name in the index.
        known: String,
    },
    /// A record larger than any that is read back.
    #[error("{whose} takes {bytes} bytes; an item takes at most {max}: shorten its metadata")]
    TooLarge {
        /// The item.
        whose: String,
        /// Size of its record.
        bytes: usize,
        /// Largest size.
        max: usize,
    },
    /// Slots are 32-bit.
    #[error(
        "the index has no room for {items} more items (at most {max} with removed ones); compact it, or split it"
    )]
    Full {
        /// Items to be added.
        items: usize,
        /// Largest number of slots.
        max: usize,
    },
    /// Dimension or threshold that no index can have.
    #[error("{what}")]
    Wrong {
        /// What is wrong with what was asked.
        what: String,
    },
    /// The graph belongs to an earlier snapshot.
    #[error(
        "the graph was built for generation {graph}, but the index is at generation {index}; build it again"
    )]
    StaleGraph {
        /// Generation the graph was built from.
        graph: u64,
        /// Generation of the index.
        index: u64,
    },
    /// The library that builds graphs failed: out of memory, say.
    #[error("building the graph failed: {reason}")]
    Graph {
        /// What it said.
        reason: String,
    },
    /// The search itself.
    #[error(transparent)]
    Search(#[from] SearchError),
}

impl StoreError {
    pub(crate) fn io(path: &Path, action: &'static str, error: io::Error) -> Self {
        Self::Io {
            path: path.into(),
            action,
            error,
        }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.into(),
            what: what.into(),
        }
    }

    pub(crate) fn wrong(what: impl Into<String>) -> Self {
        Self::Wrong { what: what.into() }
    }
}
