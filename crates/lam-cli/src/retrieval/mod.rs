//! What the verbs around an index share: naming a run and pictures, embedding them with progress.

pub mod answers;
mod approximate;
mod embedding;
mod model;
mod risk;
mod source;

pub use approximate::ApproximateArgs;
pub use embedding::embed;
pub use model::{ModelArgs, open_model};
pub use risk::{RiskArgs, Score};
pub use source::{SourceArgs, open_source};
