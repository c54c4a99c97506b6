//! An encoder that learns by the configured objective: what methods with one set of trained weights share.

use burn::tensor::{Device, Tensor};
use lam_model::{Encoder, load_state, state_dict};

use super::parts::{Mined, Objective, Optimizer, encoder, images, prefixed, take_prefixed};
use super::{BuildContext, StepInput, StepReport};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::randomness::Randomness;
use crate::starts::Starts;

/// Encoder, objective and optimiser.
pub(super) struct Learner {
    pub(super) encoder: Encoder,
    pub(super) objective: Objective,
    optimizer: Optimizer,
    device: Device,
}

impl Learner {
    pub(super) fn new(context: &BuildContext, randomness: Randomness) -> Result<Self, TrainError> {
        Ok(Self {
            encoder: encoder(context, randomness)?,
            objective: Objective::new(context.config)?,
            optimizer: Optimizer::new(context.config),
            device: context.device.clone().autodiff(),
        })
    }

    /// Begins with the weights of another run where the configuration names one.
    pub(super) fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        self.encoder = starts.continued(self.encoder.clone())?;
        Ok(())
    }

    /// The images of a step, `[B, C, H, W]`.
    pub(super) fn images(&self, input: &StepInput) -> Tensor<4> {
        images(input, &self.device)
    }

    /// A step from features `[B, F]` with the head's own weights.
    pub(super) fn learn(
        &mut self,
        features: Tensor<2>,
        input: &StepInput,
    ) -> Result<StepReport, TrainError> {
        let z = self.encoder.head.forward(features);
        let mined: Mined = self.objective.evaluate(z, &input.targets);
        let report = mined.report();
        self.descend(mined.loss, input.learning_rate);
        Ok(report)
    }

    /// A step of the optimiser down the gradient of a loss `[1]`.
    pub(super) fn descend(&mut self, loss: Tensor<1>, learning_rate: f64) {
        let encoder = self.encoder.clone();
        self.encoder = self.optimizer.step(encoder, loss.backward(), learning_rate);
    }

    pub(super) fn state(&self) -> Result<MethodState, TrainError> {
        Ok(MethodState {
            tensors: prefixed("model", state_dict(&self.encoder)),
            optimizer: self.optimizer.state()?,
        })
    }

    /// Takes back what [`state`](Self::state) gave; tensors of the method's own stay in `state`.
    pub(super) fn restore(&mut self, state: &mut MethodState) -> Result<(), TrainError> {
        let model = take_prefixed("model", &mut state.tensors);
        self.encoder = load_state(self.encoder.clone(), &model)?;
        self.optimizer.restore(std::mem::take(&mut state.optimizer))
    }
}
