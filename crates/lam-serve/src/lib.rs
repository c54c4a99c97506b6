//! Retrieval with uncertainty over HTTP, and a page to look at it.
//!
//! A [`Service`] is an index with what belongs to it: the encoder, what is known of its answers, pictures of its items.
//! [`run`] serves it until the process is told to end, [`serve`] until a future of the caller's is ready.
//!
//! ```no_run
//! use lam_search::store::Writer;
//! use lam_serve::{ServeOptions, Service, run};
//!
//! let service = Service::new(Writer::open("index".as_ref())?, None)?;
//! run(service, ServeOptions::local(8080), |address| println!("http://{address}"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a request costs:
//! - **Searches and embeddings** run on threads of their own. What waits for such a thread is taken together, so that
//!   many queries share one reading of the index (`queue/`).
//! - **Changes** are acknowledged when they are on the disk. Those that wait share one sync.
//! - **The map, compaction and the graph** are made in the background (`upkeep.rs`).
//! - Everything that a peer can make grow has a limit ([`Limits`]): bytes, pixels, time, requests, connections.

mod error;
mod input;
mod map;
mod metrics;
mod options;
mod pictures;
mod queue;
mod routes;
mod server;
mod service;
mod state;
mod upkeep;

pub use error::ServeError;
pub use options::{Limits, ServeOptions, Token};
pub use pictures::{FolderPictures, PictureSource, read_picture};
pub use server::{run, serve};
pub use service::Service;
