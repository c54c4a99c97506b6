//! The Laplacian metric learner with its posterior fitted to a trained model (method, section "Posterior and
//! prediction", "Post hoc").

use burn::tensor::{Device, Tensor};
use lam_laplace::curvature::DiagonalCurvature;
use lam_model::{Encoder, load_state, state_dict};
use rand_chacha::ChaCha12Rng;

use super::super::parts::{Objective, encoder, images, prefixed, take_prefixed};
use super::super::{BuildContext, Method, Plan, Predict, StepInput, StepReport};
use super::hessian::Hessian;
use super::posterior::PosteriorRule;
use super::state::{read_curvature, write_curvature};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::config::Config;
use crate::randomness::{Purpose, Randomness};
use crate::starts::Starts;

/// LAM, post hoc: one pass over the training set adds up the curvature; no weight changes.
pub(in crate::method) struct LaplacePosthoc {
    /// Without automatic differentiation.
    encoder: Encoder,
    objective: Objective,
    curvature: DiagonalCurvature,
    hessian: Hessian,
    rule: PosteriorRule,
    device: Device,
}

impl LaplacePosthoc {
    pub(in crate::method) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        use burn::module::Module;

        let encoder = encoder(context, randomness)?.valid();
        let [latent, features] = encoder.head.weight.val().dims();
        Ok(Box::new(Self {
            encoder,
            objective: Objective::new(context.config)?,
            curvature: DiagonalCurvature::zeros(latent, features, context.device),
            hessian: Hessian::new(context.config)?,
            rule: PosteriorRule::new(context.config),
            device: context.device.clone(),
        }))
    }

    /// What was added up, without what no Gaussian can have.
    fn clamped(&self) -> DiagonalCurvature {
        self.curvature.clone().clamp()
    }
}

impl Method for LaplacePosthoc {
    fn plan(&self, config: &Config) -> Plan {
        Plan {
            epochs: config.epochs.min(1),
            drop_last: false,
            augments: false,
        }
    }

    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        let start = starts.own()?;
        self.encoder = load_state(self.encoder.clone(), &start.model)?;
        Ok(())
    }

    fn step(&mut self, input: StepInput, randomness: Randomness) -> Result<StepReport, TrainError> {
        let mut pair_choice = randomness.generator(Purpose::Pairs, input.step);
        let features = self.encoder.backbone.forward(images(&input, &self.device));
        let z: Tensor<2> = self.encoder.head.forward(features.clone());
        let mined = self.objective.evaluate(z.clone(), input.labels);
        let (diagonal, _) =
            self.hessian
                .of_batch(features, z, &mined, input.labels, &mut pair_choice);
        self.curvature = self.curvature.clone().merge(diagonal);
        Ok(mined.report())
    }

    fn predictor(
        &self,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError> {
        let encoder = self.encoder.clone();
        self.rule
            .predictor(encoder, &self.clamped(), samples, generator)
    }

    fn temperature(&mut self) -> Option<&mut f32> {
        Some(&mut self.rule.temperature)
    }

    fn posterior_summary(&self) -> Vec<(&'static str, f64)> {
        self.rule.summary(&self.encoder.head, &self.clamped())
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        let mut tensors = prefixed("model", state_dict(&self.encoder));
        // As added up: clamping belongs after the last step.
        write_curvature(&self.curvature, &mut tensors);
        self.rule.write(&mut tensors);
        Ok(MethodState {
            tensors,
            optimizer: Vec::new(),
        })
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        let model = take_prefixed("model", &mut state.tensors);
        self.curvature = read_curvature(&mut state.tensors, &self.curvature)?;
        self.encoder = load_state(self.encoder.clone(), &model)?;
        self.rule.read(&state.tensors)
    }
}
