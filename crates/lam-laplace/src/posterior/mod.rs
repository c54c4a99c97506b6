//! The Gaussian over the head's weights, and samples of it.

mod diagonal;
mod noise;
mod weight_samples;

pub use diagonal::DiagonalPosterior;
pub use weight_samples::WeightSamples;
