//! An index on disk: items with a mean direction, its spread, a label and text of the caller's.
//!
//! A folder holds one *snapshot*, opened by memory map and never changed, and a *log* of what was added
//! and removed since; `docs/index-format.md` describes both. One [`Writer`] at a time appends to the log
//! and returns when the change is on the disk. Any number of threads search a [`View`], which is the
//! content at one moment and does not change under them; a [`Store`] hands out the latest one, and a
//! [`Reader`] follows a folder that another process writes.
//!
//! ```
//! use lam_search::retrieval::{Queries, SearchOptions};
//! use lam_search::store::{Fingerprint, Item, Spec, Writer};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("index");
//! let spec = Spec { dim: 2, spread: false, fingerprint: Fingerprint([7; 32]) };
//! let mut writer = Writer::create(&path, spec)?;
//! writer.add(&[
//!     Item { label: Some(0), ..Item::new(1, vec![1.0, 0.0]) },
//!     Item { label: Some(1), ..Item::new("second", vec![0.0, 1.0]) },
//! ])?;
//! let view = writer.view();
//! let answers = view.search(&Queries::new(&[0.6, 0.8], 2)?, &SearchOptions::exact(1))?;
//! assert_eq!(answers[0].hits[0].label, Some(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod columns;
mod contents;
mod error;
mod files;
mod fingerprint;
mod header;
mod item;
mod log;
mod mapped;
mod reader;
mod record;
mod snapshot;
mod snapshot_writer;
mod spec;
mod view;
mod writer;

pub use error::StoreError;
pub use fingerprint::Fingerprint;
pub use item::{Item, ItemId, ItemView};
pub use reader::Reader;
pub use spec::Spec;
pub use view::{GraphState, Store, View};
pub use writer::{Recovery, Writer};

pub(crate) use block::Block;
pub(crate) use files::replace_file;
pub(crate) use mapped::Mapped;
pub(crate) use spec::{check_mean, check_sigma, check_uncertainty};
