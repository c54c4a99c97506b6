//! A model, an index, and answers that say how sure they are.
//!
//! - [`Encoder`]: turns images or vectors into [`Embeddings`], each a direction with a spread and samples.
//! - [`Retriever`]: searches a [`View`](lam_search::store::View) of an index with them.
//! - [`Calibration`]: what answers to labelled queries say about confidence: agreement becomes a probability, and a
//!   tolerated risk becomes a threshold.
//! - [`Novelty`]: which queries are of a kind that the index does not hold, by their uncertainty among that of its items.
//! - [`Classes`]: one numbering of classes, by name, for sources that number them differently.
//!
//! Nothing here knows a network: the encoder of a trained run is in `lam-train`, and a test's may be ten lines.

mod answer;
mod beside;
mod calibration;
mod calibration_file;
mod classes;
mod embeddings;
mod encoder;
mod error;
mod isotonic;
mod model_file;
mod novelty;
mod plain;
mod retriever;

pub use answer::{Answer, Found};
pub use calibration::{AnsweredQuery, Calibration, Provenance, Rule};
pub use classes::Classes;
pub use embeddings::{Embeddings, Samples, added_up};
pub use encoder::{Accepts, Encoder, Input};
pub use error::RetrieveError;
pub use isotonic::Isotonic;
pub use model_file::IndexModel;
pub use novelty::Novelty;
pub use plain::plain_fingerprint;
pub use retriever::{RetrieveOptions, Retriever};
