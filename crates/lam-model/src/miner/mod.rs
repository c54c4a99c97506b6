//! Which pairs and triplets of a batch take part in the loss.

mod pair_counts;
mod pair_masks;
mod places;
mod relation;
mod split;
mod triplet;

pub use pair_counts::{MinedPairs, PairCounts};
pub use pair_masks::PairMasks;
pub use places::{PlaceRelation, PlaceThresholds};
pub use relation::{PairRelation, Relation};
pub use split::QueryDatabaseSplit;
pub use triplet::{TripletMiner, TripletType};
