//! The last part of an encoder, from features to embeddings: the weights that the posterior is over.

mod linear;

pub use linear::{LinearHead, linear};
