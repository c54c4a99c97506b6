//! The generalised Gauss–Newton Hessian of the pair losses with respect to the head's weights, in several structures.

mod augmented;
mod block;
mod deep_head;
mod diagonal;
mod full;
mod hidden_layer;
mod host;
mod kron;
mod linear_head;
mod memory;
mod pair_hessian;
mod pair_terms;
mod span;
mod state;
mod structure;
mod subsample;

pub(crate) use augmented::augmented;
pub use block::BlockCurvature;
pub use deep_head::head_diagonal;
pub use diagonal::DiagonalCurvature;
pub use full::FullCurvature;
pub use kron::KronCurvature;
pub use linear_head::{linear_head_diagonal, linear_head_diagonal_by_tensors};
pub use pair_hessian::{Approximation, PairHessian};
pub use structure::{Curvature, Structure};
pub use subsample::subsample_pairs;
