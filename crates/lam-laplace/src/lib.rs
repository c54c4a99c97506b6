//! The Laplace approximation of an encoder's head: curvature, posterior and predictive distribution.
//!
//! Warburg, Miani, Brack, Hauberg, "Bayesian Metric Learning for Uncertainty Quantification in Image Retrieval",
//! arXiv 2302.01332. The head is `z = W x + b`, or several such layers with an activation between them; the embedding is
//! `u = z / |z|`; the posterior is over the head's weights only. Shapes: `B` batch, `F` features into the head, `D`
//! embedding size, `S` weight samples, `P` weights and biases.
//!
//! - [`curvature`]: the generalised Gauss–Newton Hessian of the pair losses, in closed form over all pairs of a batch.
//! - [`online`]: its running estimate during training.
//! - [`posterior`]: the Gaussian over the weights, and samples of it.
//! - [`prior`]: its precision by the marginal likelihood.
//! - [`predictive`]: mean and spread of embeddings, from samples or analytically.
//!
//! # Structures
//!
//! | [`Structure`](curvature::Structure) | kept of the Hessian `[P, P]` | numbers | what is negative | heads |
//! |---|---|---|---|---|
//! | `diag` | the diagonal | `P` | entries to 0 | of any depth |
//! | `kron` | `T ⊗ R/tr R` | `D² + (F+1)²` | eigenvalues of `T` to 0 | one layer |
//! | `block` | what belongs to the same output | `D (F+1)²` | eigenvalues to 0 | one layer |
//! | `full` | all | `P²` | eigenvalues to 0 | one layer, small |
//!
//! The prior's precision is added exactly in all of them, a temperature multiplies the covariance, and the marginal
//! likelihood of the prior comes from the eigenvalues. The matrices are summed in the features' precision and decomposed in
//! double precision: eigenvalues below some 1e-7 of the largest are rounding of single precision.
//!
//! # One online step
//! ```
//! use std::num::NonZeroUsize;
//!
//! use burn::tensor::{Device, Distribution, Tensor};
//! use lam_laplace::curvature::{Approximation, Curvature, PairHessian, Structure};
//! use lam_laplace::online::{OnlineConfig, OnlineCurvature};
//! use lam_model::head::HeadWeights;
//! use lam_model::miner::PairCounts;
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//!
//! # fn main() -> Result<(), lam_laplace::LaplaceError> {
//! let device = Device::flex();
//! let mut rng = ChaCha8Rng::seed_from_u64(1);
//! let features = Tensor::<2>::random([4, 10], Distribution::Default, &device);
//! let head = HeadWeights::linear(Tensor::ones([3, 10], &device), Tensor::ones([3], &device));
//! let layers = head.layers.clone().map(|layer| layer.dims());
//! let config = OnlineConfig::new(60_000);
//! let initial = Curvature::constant(Structure::Diagonal, layers, config.init(), &device)?;
//! let mut online = OnlineCurvature::new(config, initial);
//!
//! // The loss is taken of embeddings under sampled weights ...
//! let posterior = online.estimate().posterior(head, 1.0)?;
//! let samples = posterior.sample(NonZeroUsize::MIN, &mut rng);
//! let outputs = samples.outputs(features.clone()).squeeze_dim::<2>(1);
//!
//! // ... and the same outputs, with the pairs the miner counted, give the Hessian.
//! let one = Tensor::<2>::eye(4, &device);
//! let counts = PairCounts { positives: one.clone().flip([0]), negatives: one.clone().neg() + 1.0 };
//! let step = Curvature::of_batch(
//!     Structure::Diagonal,
//!     &samples.head(0),
//!     features,
//!     outputs,
//!     &counts,
//!     PairHessian::Arccos,
//!     Approximation::Fix,
//! )?;
//! online.update(step, counts.triplets())?;
//! assert!(online.estimate().posterior(posterior.mean().clone(), 1.0)?.summary().largest < 1.0);
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
pub mod prior;
mod spectrum;
mod unit;

pub use error::LaplaceError;
