//! What the verbs around an index share: naming a model and pictures or vectors, embedding them with progress.

pub mod answers;
mod approximate;
mod embedding;
mod model;
mod novelty;
mod pictures;
mod risk;
mod source;

pub use approximate::ApproximateArgs;
pub use embedding::embed;
pub use model::{Model, ModelArgs, spec_of};
pub use novelty::NoveltyArgs;
pub use pictures::IndexPictures;
pub use risk::RiskArgs;
pub use source::{Source, SourceArgs};
