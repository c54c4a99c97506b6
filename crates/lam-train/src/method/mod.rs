//! What a training step does, and how an image becomes an embedding with uncertainty. One file per method; the loop
//! never asks which one it runs.

mod deep_ensemble;
mod deterministic;
mod gaussian;
mod hib;
mod laplace;
mod learner;
mod mc_dropout;
mod mining;
mod parts;
mod pfe;
mod registry;
mod report;
mod targets;

pub(crate) use laplace::TEMPERATURE;
pub(crate) use parts::{encoder, host_values, take_prefixed};
pub use registry::{BuildContext, build, trainable};
pub use report::{Report, StepReport, UnreadReport};
pub use targets::{Targets, place_relation};

use burn::tensor::Tensor;

use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::config::Config;
use crate::randomness::Randomness;
use crate::starts::Starts;

/// Images of one step and what is known of them.
#[derive(Debug, Clone)]
pub struct StepInput<'a> {
    /// `[B, C, H, W]`, on the device of the method, without automatic differentiation.
    pub images: Tensor<4>,
    /// Which of the images belong together, `[B]`.
    pub targets: Targets<'a>,
    /// Rate of the optimiser.
    pub learning_rate: f64,
    /// Number of the step over all epochs, from 0.
    pub step: u64,
}

/// What is known of a batch of images.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// `[B, D]`, unit rows.
    pub mean: Tensor<2>,
    /// Standard deviation per dimension, `[B, D]`; none where the method has no uncertainty.
    pub deviation: Option<Tensor<2>>,
    /// Embeddings under each weight sample, `[B, S, D]`; none where the method does not sample.
    pub samples: Option<Tensor<3>>,
    /// Length of the features that enter the head, `[B]`.
    pub feature_norm: Tensor<1>,
    /// What `deviation` would be under a posterior without curvature, one variance for all weights, `[B, D]`; none
    /// where there is no posterior over the head's weights.
    pub isotropic: Option<Tensor<2>>,
    /// Standard deviation of the output before the normalisation, added up over its dimensions, `[B]`; none where there is
    /// no posterior over the head's weights.
    pub output_spread: Option<Tensor<1>>,
    /// One number per image, `[B]`, by which unknown ones are noticed, where it is not `deviation` added up.
    pub uncertainty: Option<Tensor<1>>,
}

/// How a method goes through the training set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Passes.
    pub epochs: usize,
    /// Whether a last, smaller batch is left out.
    pub drop_last: bool,
    /// Whether batches are made of each file of the data set apart from the others, see
    /// [`Dataset::files`](lam_data::Dataset::files).
    pub within_files: bool,
    /// Whether images are changed at random, where the configuration says so.
    pub augments: bool,
}

/// Embeds images with fixed weights; made once per evaluation, so that every image meets the same weight samples.
pub trait Predict: Send + Sync {
    /// # Shapes
    /// - `images`: `[B, C, H, W]`
    fn embed(&self, images: Tensor<4>) -> Embedded;
}

/// A way to train an encoder and to draw uncertainty from it.
pub trait Method {
    /// How the method goes through the training set.
    fn plan(&self, config: &Config) -> Plan {
        Plan {
            epochs: config.epochs,
            drop_last: true,
            within_files: false,
            augments: true,
        }
    }

    /// Takes what the method begins with from other runs; called once, before the first step of a run.
    ///
    /// # Errors
    /// Runs that are missing or belong to another model.
    fn initialise(&mut self, _starts: &mut Starts) -> Result<(), TrainError> {
        Ok(())
    }

    /// One step of training.
    ///
    /// # Errors
    /// What the method's parts can run into. A loss that is not finite is the caller's to judge.
    fn step(&mut self, input: StepInput, randomness: Randomness) -> Result<Report, TrainError>;

    /// The current state as a predictor with `samples` weight samples, drawn from `generator`.
    ///
    /// # Errors
    /// What forming a posterior can run into.
    fn predictor(
        &self,
        samples: usize,
        generator: &mut rand_chacha::ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError>;

    /// The factor on the covariance of the posterior in predictions, to read and to set; none where there is no
    /// posterior over weights.
    fn temperature(&mut self) -> Option<&mut f32> {
        None
    }

    /// Numbers that describe the posterior, for the log.
    fn posterior_summary(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// All that [`Method::restore`] needs to go on exactly.
    ///
    /// # Errors
    /// Where the optimiser's state cannot be written.
    fn state(&self) -> Result<MethodState, TrainError>;

    /// Goes back to a state; without an optimiser's state in it the method can predict but starts training afresh.
    ///
    /// # Errors
    /// Where the state belongs to another model.
    fn restore(&mut self, state: MethodState) -> Result<(), TrainError>;
}
