//! A point estimate: one set of weights, no uncertainty.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use lam_model::{Encoder, load_state, normalise, state_dict};
use rand_chacha::ChaCha12Rng;

use super::parts::{Objective, Optimizer, encoder, images, norms, prefixed, take_prefixed};
use super::{BuildContext, Embedded, Method, Predict, StepInput, StepReport};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::randomness::Randomness;
use crate::starts::Starts;

/// The baseline that every other method is compared with.
pub(super) struct Deterministic {
    encoder: Encoder,
    objective: Objective,
    optimizer: Optimizer,
    device: Device,
}

impl Deterministic {
    pub(super) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        Ok(Box::new(Self {
            encoder: encoder(context, randomness)?,
            objective: Objective::new(context.config)?,
            optimizer: Optimizer::new(context.config),
            device: context.device.clone().autodiff(),
        }))
    }
}

impl Method for Deterministic {
    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        if starts.is_named() {
            let start = starts.own()?;
            self.encoder = load_state(self.encoder.clone(), &start.model)?;
        }
        Ok(())
    }

    fn step(&mut self, input: StepInput, _: Randomness) -> Result<StepReport, TrainError> {
        let features = self.encoder.backbone.forward(images(&input, &self.device));
        let mined = self
            .objective
            .evaluate(self.encoder.head.forward(features), input.labels);
        let report = mined.report();
        let gradients = mined.loss.backward();
        let encoder = self.encoder.clone();
        self.encoder = self.optimizer.step(encoder, gradients, input.learning_rate);
        Ok(report)
    }

    fn predictor(&self, _: usize, _: &mut ChaCha12Rng) -> Result<Box<dyn Predict>, TrainError> {
        Ok(Box::new(PointPredictor(self.encoder.valid())))
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        Ok(MethodState {
            tensors: prefixed("model", state_dict(&self.encoder)),
            optimizer: self.optimizer.state()?,
        })
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        let model = take_prefixed("model", &mut state.tensors);
        self.encoder = load_state(self.encoder.clone(), &model)?;
        self.optimizer.restore(state.optimizer)
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
        }
    }
}
