//! Vector databases: items with their uncertainty in Qdrant and PostgreSQL.
//!
//! - [`Address`]: where a database is, from a URL.
//! - [`Collection`]: a Qdrant collection or a PostgreSQL table that holds the items of one index: how
//!   many there are, and which are nearest.
//! - [`export`]: brings an index there. Running it again sends what is new or has changed and nothing
//!   else, so an export that was interrupted goes on where it was.
//! - [`Retry`]: lost connections and servers that restart are waited for, other errors are not.
//!
//! What a database holds is the direction, its deviations, the scalar uncertainty, label, class and
//! metadata. It holds no model, so there are no samples of a query and no confidence in an answer.
//!
//! `database.rs` says what a database must be able to do; each is a folder that does it.
//!
//! All calls block and run their own event loop: do not call them from asynchronous code.
//!
//! ```no_run
//! use lam_remote::{Address, Collection, ExportOptions, Retry, export};
//! use lam_search::store::Reader;
//!
//! let index = Reader::open("photos".as_ref())?;
//! let address = Address::parse("postgres://me@localhost/mine", None)?;
//! let done = export(&index.view(), &address, "photos", &ExportOptions::default(), &Retry::patient(), &mut |_| {})?;
//! println!("{} new or changed, {} as before", done.written, done.unchanged);
//!
//! let mut photos = Collection::open(&address, "photos", Retry::patient())?;
//! let nearest = photos.nearest(&[0.6, 0.8], 10)?;
//! println!("{} at {}", nearest[0].found.id, nearest[0].found.distance);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod collection;
mod database;
mod digest;
mod error;
mod export;
mod pgvector;
mod qdrant;
mod retry;

pub use address::{Address, DatabaseKind};
pub use collection::Collection;
pub use database::Nearest;
pub use digest::Digest;
pub use error::RemoteError;
pub use export::{ExportEvent, ExportOptions, Exported, export};
pub use retry::{Retry, Retrying};

/// The README's example is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
