//! Encoders, heads, distances, losses, miners.
//!
//! An [`Encoder`] maps images `[B, C, H, W]` to features `[B, F]` and, through its head, to embeddings `z [B, D]`;
//! [`normalise`] brings those to the unit sphere, where a [`distance::Distance`] compares them, a
//! [`miner::TripletMiner`] chooses the pairs that matter and a [`loss::Loss`] turns them into a number to minimise.

pub mod backbone;
pub mod batch_norm;
mod cpu;
pub mod criterion;
mod device;
pub mod distance;
mod encoder;
mod error;
pub mod head;
mod init;
pub mod loss;
pub mod miner;
mod normalise;
pub mod pooling;
mod precision;
mod select;
mod state;
mod symmetric_eigen;
pub mod weights;
pub mod whitening;

pub use device::is_host;
pub use encoder::{Encoder, EncoderConfig};
pub use error::ModelError;
pub use normalise::normalise;
pub use precision::Precision;
pub use state::{StateDict, load_state, number_parameters, state_dict};
pub use symmetric_eigen::symmetric_eigen;
