//! Approximate neighbours by a graph (HNSW; Malkov and Yashunin 2016, arXiv 1603.09320).
//!
//! The library USearch builds the graph. What is kept of it is a list of neighbours per item and layer, in
//! a file of our own beside the snapshot: mapped, checked like every other file, and searched on the
//! snapshot's own rows, so that nothing is held twice and opening costs nothing. The file is never needed:
//! without it, all items are searched exactly.
//!
//! The graph covers a snapshot. Items added since are searched exactly beside it, removed ones are walked
//! through and not returned; [`Writer::compact`](crate::store::Writer::compact) and
//! [`Writer::ensure_graph`](crate::store::Writer::ensure_graph) take both into a new graph.
//!
//! Of 100,000 items of dimension 128 in 1,000 classes, built with the default options, a walk of width 10
//! finds 0.86 of the ten nearest, one of width 20 0.98, and one of width 50 all, for 256 queries of the
//! same classes (`cargo bench -p lam-search --bench stored`, seeds 1 to 3).
//! [`View::measure_recall`](crate::store::View::measure_recall) says what it is on other data.

mod build;
mod connect;
mod distance;
mod file;
mod graph;
mod options;
mod recall;
mod walk;

pub use graph::Graph;
pub use options::GraphOptions;
pub use recall::Recall;

pub(crate) use file::load_graph;
pub(crate) use walk::Scratch;
