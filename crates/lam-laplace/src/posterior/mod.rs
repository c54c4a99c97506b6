//! The Gaussian over the head's weights, and samples of it.

mod block;
mod diagonal;
mod full;
mod gaussian;
mod kron;
mod linear_mean;
mod noise;
mod spread;
mod weight_samples;

pub use block::BlockPosterior;
pub use diagonal::DiagonalPosterior;
pub use full::FullPosterior;
pub use gaussian::{DeviationSummary, Magnitudes, Posterior};
pub use kron::{InputBasis, KronPosterior};
pub use noise::{DeviceNoise, HostNoise, Noise};
pub use spread::Spread;
pub use weight_samples::{LayerSamples, WeightSamples};
