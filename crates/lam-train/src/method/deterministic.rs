//! A point estimate: one set of weights, no uncertainty.

use burn::module::Module;
use burn::tensor::Tensor;
use lam_model::{Encoder, normalise};
use rand_chacha::ChaCha12Rng;

use super::learner::Learner;
use super::parts::norms;
use super::{BuildContext, Embedded, Method, Predict, Report, StepInput};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::randomness::Randomness;
use crate::starts::Starts;

/// The baseline that every other method is compared with.
pub(super) struct Deterministic(Learner);

impl Deterministic {
    pub(super) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        Ok(Box::new(Self(Learner::new(context, randomness)?)))
    }
}

impl Method for Deterministic {
    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        self.0.initialise(starts)
    }

    fn step(&mut self, input: StepInput, _: Randomness) -> Result<Report, TrainError> {
        let features = self.0.features(&input);
        self.0.learn(features, &input)
    }

    fn predictor(&self, _: usize, _: &mut ChaCha12Rng) -> Result<Box<dyn Predict>, TrainError> {
        Ok(Box::new(PointPredictor(self.0.encoder.valid())))
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        self.0.state()
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        self.0.restore(&mut state)
    }
}

struct PointPredictor(Encoder);

impl Predict for PointPredictor {
    fn embed(&self, images: Tensor<4>) -> Embedded {
        let features = self.0.backbone.forward(images);
        Embedded {
            feature_norm: norms(features.clone()),
            mean: normalise(self.0.head.forward(features)),
            deviation: None,
            samples: None,
            isotropic: None,
            output_spread: None,
            uncertainty: None,
        }
    }
}
