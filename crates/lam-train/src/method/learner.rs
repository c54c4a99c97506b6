//! An encoder that learns by the configured objective: what methods with one set of trained weights share.

use burn::tensor::Tensor;
use lam_model::backbone::ChannelDropout;
use lam_model::batch_norm::BatchStatistics;
use lam_model::{Encoder, load_state, state_dict};
use rand_chacha::ChaCha12Rng;

use super::parts::{Objective, Optimizer, encoder, prefixed, take_prefixed};
use super::{BuildContext, Report, StepInput};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::randomness::Randomness;
use crate::starts::Starts;

/// Encoder, objective and optimiser.
pub(super) struct Learner {
    pub(super) encoder: Encoder,
    pub(super) objective: Objective,
    optimizer: Optimizer,
    /// Of the batch whose features are being learnt from.
    statistics: BatchStatistics,
}

impl Learner {
    pub(super) fn new(context: &BuildContext, randomness: Randomness) -> Result<Self, TrainError> {
        Ok(Self {
            encoder: encoder(context, randomness)?,
            objective: Objective::new(context.config)?,
            optimizer: Optimizer::new(context.config),
            statistics: BatchStatistics::default(),
        })
    }

    /// Begins with the weights of another run where the configuration names one.
    pub(super) fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        self.encoder = starts.continued(self.encoder.clone())?;
        Ok(())
    }

    /// Features of a step's images, `[B, F]`, to be learnt from.
    pub(super) fn features(&mut self, input: &StepInput) -> Tensor<2> {
        let images = Tensor::from_inner(input.images.clone());
        let (features, statistics) = self.encoder.features_train(images);
        self.statistics = statistics;
        features
    }

    /// As [`Learner::features`], with dropout.
    pub(super) fn features_with_dropout(
        &mut self,
        input: &StepInput,
        dropout: ChannelDropout,
        noise: &mut ChaCha12Rng,
    ) -> Tensor<2> {
        let images = Tensor::from_inner(input.images.clone());
        let (features, statistics) = self.encoder.features_with_dropout(images, dropout, noise);
        self.statistics = statistics;
        features
    }

    /// A step from features `[B, F]` with the head's own weights.
    pub(super) fn learn(
        &mut self,
        features: Tensor<2>,
        input: &StepInput,
    ) -> Result<Report, TrainError> {
        let z = self.encoder.head.weights().forward(features);
        let evaluated = self.objective.evaluate(z, &input.targets)?;
        let report = evaluated.report()?;
        self.descend(evaluated.loss, input.learning_rate);
        Ok(report)
    }

    /// A step of the optimiser down the gradient of a loss `[1]`.
    pub(super) fn descend(&mut self, loss: Tensor<1>, learning_rate: f64) {
        let encoder = self.encoder.clone();
        let encoder = self.optimizer.step(encoder, loss.backward(), learning_rate);
        self.encoder = std::mem::take(&mut self.statistics).into_module(encoder);
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
