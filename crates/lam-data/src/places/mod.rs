//! Place recognition: who stands near whom. Pure geometry, no files.

mod near;
mod place;
mod positives;
mod strips;
mod training_pair;

pub use near::Near;
pub use place::Place;
pub use positives::Positives;
pub use training_pair::training_reference;
