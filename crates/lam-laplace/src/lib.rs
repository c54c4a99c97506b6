//! The Laplace approximation of a linear head: curvature, posterior and predictive distribution.
//!
//! Warburg, Miani, Brack, Hauberg, "Bayesian Metric Learning for Uncertainty Quantification in Image Retrieval",
//! arXiv 2302.01332. The head is `z = W x + b`, the embedding `u = z / |z|`; the posterior is over `W` and `b` only.
//! Shapes: `B` batch, `F` features into the head, `D` embedding size, `S` weight samples.
//!
//! - [`curvature`]: the generalised Gauss–Newton Hessian of the pair losses, in closed form over all pairs of a batch.
//! - [`online`]: its running estimate during training.
//! - [`posterior`]: the Gaussian over the weights, and samples of it.
//! - [`predictive`]: mean and spread of embeddings, from samples or analytically.
//!
//! # One online step
//! ```
//! use std::num::NonZeroUsize;
//!
//! use burn::tensor::{Device, Distribution, Tensor};
//! use lam_laplace::curvature::{Approximation, PairHessian, linear_head_diagonal};
//! use lam_laplace::online::{OnlineConfig, OnlineCurvature};
//! use lam_laplace::posterior::DiagonalPosterior;
//! use lam_model::miner::PairCounts;
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//!
//! # fn main() -> Result<(), lam_laplace::LaplaceError> {
//! let device = Device::flex();
//! let mut rng = ChaCha8Rng::seed_from_u64(1);
//! let features = Tensor::<2>::random([4, 10], Distribution::Default, &device);
//! let (weight, bias) = (Tensor::<2>::ones([3, 10], &device), Tensor::<1>::ones([3], &device));
//! let mut online = OnlineCurvature::new(OnlineConfig::new(60_000), 3, 10, &device);
//!
//! // The loss is taken of embeddings under sampled weights ...
//! let posterior = DiagonalPosterior::new(weight, bias, online.estimate(), 1.0)?;
//! let samples = posterior.sample(NonZeroUsize::MIN, &mut rng);
//! let outputs = samples.outputs(features.clone()).squeeze_dim::<2>(1);
//!
//! // ... and the same outputs, with the pairs the miner counted, give the Hessian.
//! let one = Tensor::<2>::eye(4, &device);
//! let counts = PairCounts { positives: one.clone().flip([0]), negatives: one.clone().neg() + 1.0 };
//! let step = linear_head_diagonal(features, outputs, &counts, PairHessian::Arccos, Approximation::Fix);
//! online.update(step, counts.triplets());
//! assert_eq!(online.estimate().dims(), [3, 10]);
//! # Ok(())
//! # }
//! ```
//!
//! # Deviation from the released code
//! The authors' code has the cross term of the arccos Hessian with the wrong sign, and one of its outer products
//! transposed, so that its `arccos full` and `arccos pos` are not the Hessian. This crate implements the Hessian;
//! `fix`, which has no cross term, agrees with the released code.

pub mod curvature;
mod error;
pub mod online;
pub mod posterior;
pub mod predictive;
mod unit;

pub use error::LaplaceError;
