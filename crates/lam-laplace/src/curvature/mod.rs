//! The generalised Gauss–Newton Hessian of the pair losses with respect to the head's weights.

mod diagonal;
mod host;
mod linear_head;
mod pair_hessian;
mod subsample;

pub use diagonal::DiagonalCurvature;
pub use linear_head::{linear_head_diagonal, linear_head_diagonal_by_tensors};
pub use pair_hessian::{Approximation, PairHessian};
pub use subsample::subsample_pairs;
