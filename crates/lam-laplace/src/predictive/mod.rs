//! Mean and spread of the embedding of an image.

mod direction_moments;
mod embedding;
mod outputs;
mod predictor;
mod sampled;

pub use direction_moments::direction_moments;
pub use embedding::Embedding;
pub use outputs::{OutputMoments, Outputs};
pub use predictor::{Predictive, Predictor, analytic_embedding};
pub use sampled::{directions, output_spread, summarise};
