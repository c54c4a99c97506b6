//! Which pairs and triplets of a batch take part in the loss.

mod pair_counts;
mod relation;
mod triplet;

pub use pair_counts::{MinedPairs, PairCounts};
pub use relation::{PairRelation, Relation};
pub use triplet::{TripletMiner, TripletType};
