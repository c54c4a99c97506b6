//! The Laplacian metric learner with its posterior accumulated during training (method, section "Posterior and
//! prediction", "Online").

use std::num::NonZeroUsize;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use lam_laplace::curvature::Curvature;
use lam_laplace::online::{OnlineConfig, OnlineCurvature};
use lam_laplace::posterior::{DeviceNoise, Posterior};
use lam_model::{Encoder, is_host};
use rand_chacha::ChaCha12Rng;

use super::super::learner::Learner;
use super::super::parts::{prefixed, take_prefixed};
use super::super::{BuildContext, Method, Predict, Report, StepInput};
use super::hessian::Hessian;
use super::posterior::{PosteriorRule, sample_count};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::config::Config;
use crate::randomness::{Purpose, Randomness};
use crate::starts::Starts;

/// LAM, online.
pub(in crate::method) struct LaplaceOnline {
    learner: Learner,
    curvature: OnlineCurvature,
    hessian: Hessian,
    rule: PosteriorRule,
    samples: NonZeroUsize,
}

fn online_config(config: &Config, training_images: usize) -> Result<OnlineConfig, TrainError> {
    let mut online =
        OnlineConfig::new(training_images).with_memory_factor(config.hessian_memory_factor)?;
    if let Some(init) = config.init_hessian {
        online = online.with_init(init)?;
    }
    if let Some(scale) = config.scale_hessian {
        online = online.with_scale(scale)?;
    }
    if config.subsample_pairs {
        online = online.with_max_pairs(config.max_pairs)?;
    }
    Ok(online)
}

impl LaplaceOnline {
    pub(in crate::method) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        let config = context.config;
        let online = online_config(config, context.training_images)?;
        let learner = Learner::new(context, randomness)?;
        let hessian = Hessian::new(config)?;
        let layers = learner
            .encoder
            .head
            .weights()
            .layers
            .map(|layer| layer.dims());
        OnlineCurvature::check(hessian.structure(), &layers)?;
        let initial = hessian.constant(layers, online.init(), context.device)?;
        Ok(Box::new(Self {
            learner,
            curvature: OnlineCurvature::new(online, initial),
            hessian,
            rule: PosteriorRule::new(config),
            samples: sample_count(config.train_n_samples),
        }))
    }

    /// The posterior of a step around the current mean, without temperature. The mean carries gradients if `encoder` does.
    fn posterior(&self, encoder: &Encoder) -> Result<Box<dyn Posterior>, TrainError> {
        let mean = encoder.head.weights();
        Ok(self.curvature.posterior(mean, self.rule.prior_precision)?)
    }
}

/// Two things of which neither needs the other. On the host they share the cores, so that one goes on where the other keeps a
/// single core busy; another device gets them one after the other.
fn side_by_side<A: Send, B: Send>(
    device: &Device,
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    if is_host(device) {
        rayon::join(first, second)
    } else {
        (first(), second())
    }
}

impl Method for LaplaceOnline {
    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        self.learner.initialise(starts)
    }

    fn step(&mut self, input: StepInput, randomness: Randomness) -> Result<Report, TrainError> {
        let mut noise = randomness.generator(Purpose::Training, input.step);
        let mut pair_choice = randomness.generator(Purpose::Pairs, input.step);
        let device = input.images.device();
        let mean = self.learner.encoder.head.weights();
        let (features, weights) = side_by_side(
            &device,
            || self.learner.features(&input),
            || {
                let posterior = self.curvature.posterior(mean, self.rule.prior_precision)?;
                Ok::<_, TrainError>(posterior.draw(self.samples, &mut DeviceNoise(&mut noise)))
            },
        );
        let weights = weights?;
        let outputs = weights.outputs(features.clone());
        let features = features.inner();

        let [batch, samples, latent] = outputs.dims();
        let (mut losses, mut reports) = (Vec::new(), Vec::new());
        let mut drawn = Vec::with_capacity(samples);
        for sample in 0..samples {
            let z = outputs
                .clone()
                .slice([0..batch, sample..sample + 1, 0..latent])
                .reshape([batch, latent]);
            let evaluated = self.learner.objective.evaluate(z.clone(), &input.targets)?;
            reports.push(evaluated.report()?);
            losses.push(evaluated.loss);
            let head = weights.head(sample).without_autodiff();
            drawn.push((head, z.inner(), evaluated.pairs));
        }
        // Nothing that knows of gradients may be used beside the backward pass: it would wait for its end, and a thread that
        // helps with both for itself.
        let (_, curvature) = side_by_side(
            &device,
            || {
                if let Some(loss) = losses.into_iter().reduce(|sum, loss| sum + loss) {
                    let loss = loss.mul_scalar(1.0 / samples as f64);
                    self.learner.descend(loss, input.learning_rate);
                }
            },
            || {
                let mut total: Option<(Curvature, Tensor<1>)> = None;
                for (head, z, pairs) in drawn {
                    let features = features.clone();
                    let (curvature, triplets) =
                        self.hessian
                            .of_batch(&head, features, z, &pairs, &mut pair_choice)?;
                    total = Some(match total {
                        None => (curvature, triplets),
                        Some((c, t)) => (c.merge(curvature), t + triplets),
                    });
                }
                Ok::<_, TrainError>(total)
            },
        );
        if let Some((curvature, triplets)) = curvature? {
            self.curvature.update(curvature, triplets)?;
        }
        Ok(Report::mean(reports))
    }

    fn predictor(
        &self,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError> {
        let encoder = self.learner.encoder.valid();
        let mean = encoder.head.weights();
        let posterior = self
            .curvature
            .current_posterior(mean, self.rule.prior_precision)?;
        self.rule.predictor(encoder, posterior, samples, generator)
    }

    fn temperature(&mut self) -> Option<&mut f32> {
        Some(&mut self.rule.temperature)
    }

    fn posterior_summary(&self) -> Vec<(&'static str, f64)> {
        let posterior = self.posterior(&self.learner.encoder.valid());
        posterior.map_or_else(|_| Vec::new(), |p| PosteriorRule::summary(p.as_ref()))
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        let mut state = self.learner.state()?;
        let curvature = prefixed("curvature", self.curvature.state());
        state.tensors.extend(curvature);
        self.rule.write(&mut state.tensors);
        Ok(state)
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        let curvature = take_prefixed("curvature", &mut state.tensors);
        self.curvature = self.curvature.load(&curvature)?;
        self.rule.read(&state.tensors)?;
        self.learner.restore(&mut state)
    }
}
