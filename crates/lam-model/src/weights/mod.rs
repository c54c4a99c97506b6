//! Weights that others trained: torchvision's files, safetensors, checkpoints of the released LAM code.
//!
//! A file is opened as a table of contents ([`WeightsFile`]); nothing in it is executed, and no tensor is read before its
//! place and size are known to lie inside the file. [`load`] then finds the tensors that belong to an encoder.

mod error;
mod file;
mod fit;
mod half;
mod known;
mod load;
mod names;
mod pth;
mod safetensors;
mod stored_zip;
mod torch;

pub use error::WeightsError;
pub use file::WeightsFile;
pub use known::{KnownWeights, known};
pub use load::{Taken, load};
pub use names::torchvision_name;
