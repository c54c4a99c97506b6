//! Nearest neighbours over plain slices, and a stored index that knows uncertainty.
//!
//! [`Index`] searches rows in memory. [`store`] keeps items on disk, durably and opened by memory map;
//! [`retrieval`] searches them, exactly or by the graph of [`approximate`], and says how sure it is.
//!
//! # Rows in memory
//! Points are the rows of a row-major `[N, D]` slice of `f32`; the distance is the squared Euclidean
//! one, so normalised rows give the order of the cosine similarity. [`Index`] answers for every query
//! with its `k` nearest rows, in order, and hands them to a function of the caller's. Nothing of size
//! `N × N` or `N × k` is ever held, whatever the number of rows.
//!
//! ```
//! use lam_search::{Index, Rows};
//!
//! let points = [0.0, 0.0, 1.0, 0.0, 5.0, 5.0];
//! let index = Index::new(Rows::new(&points, 2)?);
//! let nearest = index.map_rows(1, |_, found| found.first().map(|n| n.index))?;
//! assert_eq!(nearest, [Some(1), Some(0), Some(1)]);
//! # Ok::<(), lam_search::SearchError>(())
//! ```
//!
//! # Exact
//! Two engines stand behind [`Index`]: a k-d tree for few dimensions and a blocked matrix product for
//! many. Both only *screen* in `f32`, with a proven bound on the rounding error of the screening; what
//! passes is ranked by [`squared_distance`], summed in `f64`, and ties go to the lower index. The
//! result is therefore that of the naive double loop, bit for bit, on any machine and any number of
//! threads.

pub mod approximate;
pub mod retrieval;
pub mod store;

mod aligned;
mod candidates;
mod error;
mod index;
mod kd_tree;
mod kernel;
mod neighbour;
mod panels;
mod product;
mod ranking;
mod rows;
mod slots;

pub use error::SearchError;
pub use index::{Engine, Index};
pub use neighbour::{Neighbour, squared_distance};
pub use ranking::{Ranking, total_variance};
pub use rows::Rows;
