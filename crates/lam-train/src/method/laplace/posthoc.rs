//! The Laplacian metric learner with its posterior fitted to a trained model (method, section "Posterior and
//! prediction", "Post hoc").

use std::cell::OnceCell;

use lam_laplace::curvature::Curvature;
use lam_laplace::posterior::Posterior;
use lam_model::{Encoder, load_state, state_dict};
use rand_chacha::ChaCha12Rng;

use super::super::parts::{Objective, encoder, prefixed, take_prefixed};
use super::super::{BuildContext, Method, Plan, Predict, Report, StepInput};
use super::hessian::Hessian;
use super::posterior::PosteriorRule;
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
    curvature: Curvature,
    /// The posterior of the curvature as it is: decomposing a structure may take long.
    fitted: OnceCell<Box<dyn Posterior>>,
    optimize_prior: bool,
    has_given_encoder: bool,
    hessian: Hessian,
    rule: PosteriorRule,
}

impl LaplacePosthoc {
    pub(in crate::method) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        use burn::module::Module;

        let encoder = encoder(context, randomness)?.valid();
        let hessian = Hessian::new(context.config)?;
        let layers = encoder.head.weights().layers.map(|layer| layer.dims());
        Ok(Box::new(Self {
            encoder,
            objective: Objective::new(context.config)?,
            curvature: hessian.constant(layers, 0.0, context.device)?,
            fitted: OnceCell::new(),
            has_given_encoder: context.config.dataset.is_features()
                && context.config.head_init.is_given(),
            optimize_prior: context.config.optimize_prior_prec,
            hessian,
            rule: PosteriorRule::new(context.config),
        }))
    }

    /// The posterior around the head's weights, without temperature; its prior as configured or as the marginal
    /// likelihood has it.
    fn posterior(&self) -> Result<&dyn Posterior, TrainError> {
        if let Some(posterior) = self.fitted.get() {
            return Ok(posterior.as_ref());
        }
        let mean = self.encoder.head.weights();
        let mut posterior = self.curvature.posterior(mean, self.rule.prior_precision)?;
        if self.optimize_prior {
            posterior.optimize_prior_precision()?;
        }
        Ok(self.fitted.get_or_init(|| posterior).as_ref())
    }
}

impl Method for LaplacePosthoc {
    fn plan(&self, config: &Config) -> Plan {
        Plan {
            epochs: config.epochs.min(1),
            drop_last: false,
            // So that what several files add up to is the sum of what each adds up to alone.
            within_files: true,
            augments: false,
        }
    }

    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        // A given head on given features is all that there is to begin with.
        if !self.has_given_encoder {
            self.encoder = starts.own()?.load_into(self.encoder.clone())?;
        }
        self.fitted = OnceCell::new();
        Ok(())
    }

    fn step(&mut self, input: StepInput, randomness: Randomness) -> Result<Report, TrainError> {
        let mut pair_choice = randomness.generator(Purpose::Pairs, input.step);
        let features = self.encoder.features(input.images);
        let head = self.encoder.head.weights();
        let z = head.forward(features.clone());
        let evaluated = self.objective.evaluate(z.clone(), &input.targets)?;
        let (curvature, _) =
            self.hessian
                .of_batch(&head, features, z, &evaluated.pairs, &mut pair_choice)?;
        self.curvature = self.curvature.clone().merge(curvature);
        self.fitted = OnceCell::new();
        evaluated.report()
    }

    fn predictor(
        &self,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError> {
        let encoder = self.encoder.clone();
        let posterior = self.posterior()?.boxed();
        self.rule.predictor(encoder, posterior, samples, generator)
    }

    fn temperature(&mut self) -> Option<&mut f32> {
        Some(&mut self.rule.temperature)
    }

    /// Of what has to be decomposed first only once it was: every step of the pass changes it, and a decomposition may take
    /// minutes.
    fn posterior_summary(&self) -> Vec<(&'static str, f64)> {
        let at_hand = matches!(self.curvature, Curvature::Diagonal(_));
        if !at_hand && self.fitted.get().is_none() {
            return Vec::new();
        }
        self.posterior()
            .map_or_else(|_| Vec::new(), PosteriorRule::summary)
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        let mut tensors = prefixed("model", state_dict(&self.encoder));
        // As added up: what is negative is cut after the last step.
        tensors.extend(prefixed("curvature", self.curvature.state()));
        self.rule.write(&mut tensors);
        Ok(MethodState {
            tensors,
            optimizer: Vec::new(),
        })
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        let model = take_prefixed("model", &mut state.tensors);
        let curvature = take_prefixed("curvature", &mut state.tensors);
        // Of what is here already the posterior is kept: it may have taken minutes.
        if model != state_dict(&self.encoder) || curvature != self.curvature.state() {
            self.curvature = self.curvature.load(&curvature)?;
            self.encoder = load_state(self.encoder.clone(), &model)?;
            self.fitted = OnceCell::new();
        }
        self.rule.read(&state.tensors)
    }
}
