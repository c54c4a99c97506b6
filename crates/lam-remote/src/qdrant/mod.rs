//! Qdrant: one collection for the items of an index.

mod address;
mod collection;
mod payload;
pub(crate) mod point_id;
mod status;

pub(crate) use address::QdrantAddress;
pub(crate) use collection::Qdrant;
