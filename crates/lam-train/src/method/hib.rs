//! Hedged instance embeddings: mean and variance trained together on samples (method, section "Baselines"; Oh et al.,
//! ICLR 2019).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use lam_model::criterion::{SoftContrastive, prior_divergence};
use lam_model::head::VarianceHead;
use lam_model::{Encoder, load_state, normalise, number_parameters, state_dict};
use rand_chacha::ChaCha12Rng;

use super::gaussian::{GaussianPredictor, samples, training_noise, variance_head};
use super::parts::{Objective, Optimizer, encoder, prefixed, scalar, take_prefixed};
use super::{BuildContext, Method, Predict, Report, StepInput};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::randomness::{Purpose, Randomness};
use crate::starts::Starts;

/// Samples of each embedding in a training step; all pairs of two images' samples are compared.
const SAMPLES: usize = 8;

/// HIB. `μ` is the direction `u`, as in PFE.
pub(super) struct Hib {
    model: Model,
    objective: Objective,
    optimizer: Optimizer,
    kl_weight: f64,
    device: Device,
}

/// All that is learnt.
#[derive(Module, Debug)]
struct Model {
    encoder: Encoder,
    variance: VarianceHead,
    criterion: SoftContrastive,
}

impl Hib {
    pub(super) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        let device = context.device.clone().autodiff();
        Ok(Box::new(Self {
            model: number_parameters(Model {
                encoder: encoder(context, randomness)?,
                variance: variance_head(context, randomness)?,
                criterion: SoftContrastive::init(&device),
            }),
            objective: Objective::new(context.config)?,
            optimizer: Optimizer::new(context.config),
            kl_weight: context.config.kl_weight,
            device,
        }))
    }
}

impl Method for Hib {
    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        self.model.encoder = starts.continued(self.model.encoder.clone())?;
        Ok(())
    }

    fn step(&mut self, input: StepInput, randomness: Randomness) -> Result<Report, TrainError> {
        let mut noise = randomness.generator(Purpose::Training, input.step);
        let Model {
            encoder,
            variance,
            criterion,
        } = &self.model;
        let images = Tensor::from_inner(input.images);
        let (features, of_backbone) = encoder.features_train(images);
        let mean = normalise(encoder.head.weights().forward(features.clone()));
        let (variances, of_variance) = variance.forward_train(features);
        let deviation = variances.sqrt();
        let [batch, size] = mean.dims();
        let noise = training_noise([batch, SAMPLES, size], &mut noise, &self.device);
        let drawn = samples(mean.clone(), deviation.clone(), noise);
        let direction = mean.clone().without_autodiff();
        let mined = self.objective.mine(direction, &input.targets)?;
        let matching = criterion.forward(drawn, &mined.counts);
        let loss = matching + prior_divergence(mean, deviation) * self.kl_weight;
        let report = mined.summary.with_loss(&loss)?;
        let gradients = loss.backward();
        let model = self.model.clone();
        let model = self.optimizer.step(model, gradients, input.learning_rate);
        self.model = of_variance.into_module(of_backbone.into_module(model));
        Ok(report)
    }

    fn predictor(
        &self,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError> {
        let Model {
            encoder, variance, ..
        } = self.model.valid();
        Ok(Box::new(GaussianPredictor::new(
            encoder, variance, samples, generator,
        )))
    }

    fn posterior_summary(&self) -> Vec<(&'static str, f64)> {
        let value =
            |parameter: Tensor<1>| scalar(parameter.without_autodiff()).map_or(f64::NAN, f64::from);
        let criterion = &self.model.criterion;
        vec![
            ("alpha", value(criterion.alpha.val())),
            ("beta", value(criterion.beta.val())),
        ]
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        let mut tensors = prefixed("model", state_dict(&self.model.encoder));
        tensors.extend(prefixed("variance", state_dict(&self.model.variance)));
        tensors.extend(prefixed("criterion", state_dict(&self.model.criterion)));
        Ok(MethodState {
            tensors,
            optimizer: self.optimizer.state()?,
        })
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        let mut take = |prefix| take_prefixed(prefix, &mut state.tensors);
        let (encoder, variance) = (take("model"), take("variance"));
        let criterion = take("criterion");
        let model = self.model.clone();
        self.model = Model {
            encoder: load_state(model.encoder, &encoder)?,
            variance: load_state(model.variance, &variance)?,
            criterion: load_state(model.criterion, &criterion)?,
        };
        self.optimizer.restore(state.optimizer)
    }
}
