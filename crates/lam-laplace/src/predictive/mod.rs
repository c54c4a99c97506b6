//! Mean and spread of the embedding of an image.

mod analytic;
mod direction_moments;
mod embedding;
mod predictor;
mod sampled;

pub use analytic::{Outputs, analytic_embedding, analytic_outputs};
pub use direction_moments::direction_moments;
pub use embedding::Embedding;
pub use predictor::{Predictive, Predictor};
pub use sampled::summarise;
