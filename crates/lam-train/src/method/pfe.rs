//! Probabilistic face embeddings: variances for the embeddings of a trained model (method, section "Baselines"; Shi and
//! Jain, ICCV 2019).

use burn::module::Module;
use burn::tensor::Tensor;
use lam_model::criterion::mutual_likelihood;
use lam_model::head::VarianceHead;
use lam_model::{Encoder, load_state, normalise, state_dict};
use rand_chacha::ChaCha12Rng;

use super::gaussian::{GaussianPredictor, variance_head};
use super::parts::{Objective, Optimizer, encoder, prefixed, take_prefixed};
use super::{BuildContext, Method, Predict, Report, StepInput};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::randomness::Randomness;
use crate::starts::Starts;

/// PFE: backbone and mean head stay as the deterministic run left them, the log-variance head is trained.
///
/// `μ` is the direction `u`, so that `σ` is measured on the sphere on which embeddings are compared.
pub(super) struct Pfe {
    /// Without automatic differentiation.
    encoder: Encoder,
    variance: VarianceHead,
    objective: Objective,
    optimizer: Optimizer,
}

impl Pfe {
    pub(super) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        Ok(Box::new(Self {
            encoder: encoder(context, randomness)?.valid(),
            variance: variance_head(context, randomness)?,
            objective: Objective::new(context.config)?,
            optimizer: Optimizer::new(context.config),
        }))
    }
}

impl Method for Pfe {
    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        self.encoder = starts.own()?.load_into(self.encoder.clone())?;
        Ok(())
    }

    fn step(&mut self, input: StepInput, _: Randomness) -> Result<Report, TrainError> {
        let features = self.encoder.features(input.images);
        let mean = normalise(self.encoder.head.weights().forward(features.clone()));
        let mined = self.objective.mine(mean.clone(), &input.targets)?;
        let (variance, statistics) = self.variance.forward_train(Tensor::from_inner(features));
        let loss = mutual_likelihood(Tensor::from_inner(mean), variance, &mined.counts);
        let report = mined.summary.with_loss(&loss)?;
        let gradients = loss.backward();
        let head = self.variance.clone();
        let head = self.optimizer.step(head, gradients, input.learning_rate);
        self.variance = statistics.into_module(head);
        Ok(report)
    }

    fn predictor(
        &self,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError> {
        let (encoder, variance) = (self.encoder.clone(), self.variance.valid());
        Ok(Box::new(GaussianPredictor::new(
            encoder, variance, samples, generator,
        )))
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        let mut tensors = prefixed("model", state_dict(&self.encoder));
        tensors.extend(prefixed("variance", state_dict(&self.variance)));
        Ok(MethodState {
            tensors,
            optimizer: self.optimizer.state()?,
        })
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        let model = take_prefixed("model", &mut state.tensors);
        let variance = take_prefixed("variance", &mut state.tensors);
        self.encoder = load_state(self.encoder.clone(), &model)?;
        self.variance = load_state(self.variance.clone(), &variance)?;
        self.optimizer.restore(state.optimizer)
    }
}
