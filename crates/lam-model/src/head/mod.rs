//! The last part of an encoder, from features to embeddings: the weights that the posterior is over.

mod activation;
mod linear;
mod per_layer;
mod random_features;
mod stack;
mod variance;
mod weights;

pub use activation::Activation;
pub use linear::{LinearHead, linear};
pub use per_layer::PerLayer;
pub use random_features::{RandomFeatures, RandomFeaturesConfig};
pub use stack::{Head, HeadConfig};
pub use variance::VarianceHead;
pub use weights::{HeadWeights, LayerWeights};
