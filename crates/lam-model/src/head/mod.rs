//! The last part of an encoder, from features to embeddings: the weights that the posterior is over.

mod batch_norm;
mod linear;
mod variance;

pub use batch_norm::{BatchNorm, BatchStatistics};
pub use linear::{LinearHead, linear};
pub use variance::{VarianceHead, VarianceStatistics};
