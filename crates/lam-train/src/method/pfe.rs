//! Probabilistic face embeddings: variances for the embeddings of a trained model (method, section "Baselines"; Shi and
//! Jain, ICCV 2019).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use lam_model::criterion::mutual_likelihood;
use lam_model::head::VarianceHead;
use lam_model::{Encoder, load_state, normalise, state_dict};
use rand_chacha::ChaCha12Rng;

use super::gaussian::{GaussianPredictor, variance_head};
use super::parts::{Objective, Optimizer, encoder, images, prefixed, report, take_prefixed};
use super::{BuildContext, Method, Predict, StepInput, StepReport};
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
    device: Device,
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
            device: context.device.clone(),
        }))
    }
}

impl Method for Pfe {
    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        let start = starts.own()?;
        self.encoder = load_state(self.encoder.clone(), &start.model)?;
        Ok(())
    }

    fn step(&mut self, input: StepInput, _: Randomness) -> Result<StepReport, TrainError> {
        let features = self.encoder.backbone.forward(images(&input, &self.device));
        let mean = normalise(self.encoder.head.forward(features.clone()));
        let (distances, pairs) = self.objective.mine(mean.clone(), &input.targets);
        let (variance, statistics) = self.variance.forward_train(Tensor::from_inner(features));
        let counts = pairs.to_device(&variance.device());
        let loss = mutual_likelihood(Tensor::from_inner(mean), variance, &counts);
        let report = report(&loss, &distances, &pairs);
        let gradients = loss.backward();
        let head = self.variance.clone();
        let head = self.optimizer.step(head, gradients, input.learning_rate);
        self.variance = head.observed(statistics);
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
