//! The Laplacian metric learner with its posterior accumulated during training (method, section "Posterior and
//! prediction", "Online").

use std::num::NonZeroUsize;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use lam_laplace::curvature::{
    Approximation, DiagonalCurvature, PairHessian, linear_head_diagonal, subsample_pairs,
};
use lam_laplace::online::{OnlineConfig, OnlineCurvature};
use lam_laplace::posterior::{DiagonalPosterior, WeightSamples};
use lam_laplace::predictive::{Predictive, analytic_embedding, summarise};
use lam_model::backbone::ConvNet;
use lam_model::miner::{TripletMiner, TripletType};
use lam_model::{Encoder, ModelError, StateDict, load_state, state_dict};
use rand_chacha::ChaCha12Rng;

use super::parts::{
    Mined, Objective, Optimizer, encoder, host_values, images, prefixed, take_prefixed,
};
use super::{BuildContext, Embedded, Method, Predict, StepInput, StepReport};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::config::{self, Config};
use crate::randomness::{Purpose, Randomness};

/// LAM, online.
pub(super) struct LaplaceOnline {
    encoder: Encoder,
    objective: Objective,
    optimizer: Optimizer,
    curvature: OnlineCurvature,
    online: OnlineConfig,
    hessian: Hessian,
    prior_precision: f64,
    samples: NonZeroUsize,
    predictive: Predictive,
    device: Device,
}

/// How a batch's Hessian is formed.
struct Hessian {
    pairs: PairHessian,
    approximation: Approximation,
    miner: TripletMiner,
    max_pairs: Option<usize>,
}

impl Hessian {
    fn new(config: &Config) -> Result<Self, TrainError> {
        let pairs = match config.loss {
            config::Loss::Contrastive => PairHessian::Contrastive,
            config::Loss::Arccos => PairHessian::Arccos,
            config::Loss::Triplet => {
                return Err(TrainError::NoHessian {
                    loss: config.loss.to_string(),
                    method: config.model,
                });
            }
        };
        let approximation = match config.loss_approx {
            config::HessianApprox::Full => Approximation::Full,
            config::HessianApprox::Pos => Approximation::Pos,
            config::HessianApprox::Fix => Approximation::Fix,
        };
        let kind: TripletType = config.type_of_triplets_hessian.to_string().parse()?;
        Ok(Self {
            pairs,
            approximation,
            miner: TripletMiner::new(kind, config.margin as f32),
            max_pairs: config.subsample_pairs.then_some(config.max_pairs),
        })
    }

    /// Diagonal of the batch's Hessian, and the number of triplets it is the sum over.
    ///
    /// # Shapes
    /// - `features`: `[B, F]`, `z`: `[B, D]`, both without gradient
    fn of_batch(
        &self,
        features: Tensor<2>,
        z: Tensor<2>,
        mined: &Mined,
        labels: &[u32],
        generator: &mut ChaCha12Rng,
    ) -> (DiagonalCurvature, Tensor<1>) {
        // Pairs that the loss has mined already are not mined again.
        let mut counts = if self.miner == mined.miner {
            mined.counts.clone()
        } else {
            self.miner
                .mine(&mined.distances, labels)
                .to_device(&features.device())
        };
        let triplets = counts.triplets();
        if let Some(limit) = self.max_pairs {
            counts = subsample_pairs(counts, limit, generator);
        }
        let diagonal = linear_head_diagonal(features, z, &counts, self.pairs, self.approximation);
        (diagonal, triplets)
    }
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

fn sample_count(samples: usize) -> NonZeroUsize {
    NonZeroUsize::new(samples).unwrap_or(NonZeroUsize::MIN)
}

impl LaplaceOnline {
    pub(super) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        let config = context.config;
        let online = online_config(config, context.training_images)?;
        let encoder = encoder(context, randomness)?;
        let [latent, features] = encoder.head.weight.val().dims();
        Ok(Box::new(Self {
            encoder,
            objective: Objective::new(config)?,
            optimizer: Optimizer::new(config),
            curvature: OnlineCurvature::new(online, latent, features, context.device),
            online,
            hessian: Hessian::new(config)?,
            prior_precision: config.prior_prec,
            samples: sample_count(config.train_n_samples),
            predictive: match config.predictive {
                config::Predictive::Sampled => Predictive::Sampled,
                config::Predictive::Analytic => Predictive::Analytic,
            },
            device: context.device.clone().autodiff(),
        }))
    }

    /// The posterior around the current mean. The mean carries gradients if `encoder` does.
    fn posterior(&self, encoder: &Encoder) -> Result<DiagonalPosterior, TrainError> {
        let head = &encoder.head;
        let curvature = self.curvature.estimate();
        let (weight, bias) = (head.weight.val(), head.bias.val());
        Ok(DiagonalPosterior::new(
            weight,
            bias,
            curvature,
            self.prior_precision,
        )?)
    }
}

impl Method for LaplaceOnline {
    fn step(&mut self, input: StepInput, randomness: Randomness) -> Result<StepReport, TrainError> {
        let mut noise = randomness.generator(Purpose::Training, input.step);
        let mut pair_choice = randomness.generator(Purpose::Pairs, input.step);
        let features = self.encoder.backbone.forward(images(&input, &self.device));
        let weights = self
            .posterior(&self.encoder)?
            .sample(self.samples, &mut noise);
        let outputs = weights.outputs(features.clone());
        let features = features.inner();

        let [batch, samples, latent] = outputs.dims();
        let share = 1.0 / samples as f64;
        let mut total: Option<(Tensor<1>, DiagonalCurvature, Tensor<1>)> = None;
        let mut report = StepReport::default();
        for sample in 0..samples {
            let z = outputs
                .clone()
                .slice([0..batch, sample..sample + 1, 0..latent])
                .reshape([batch, latent]);
            let mined = self.objective.evaluate(z.clone(), input.labels);
            report = report.plus(mined.report(), share);
            let (diagonal, triplets) = self.hessian.of_batch(
                features.clone(),
                z.inner(),
                &mined,
                input.labels,
                &mut pair_choice,
            );
            total = Some(match total {
                None => (mined.loss, diagonal, triplets),
                Some((l, d, t)) => (l + mined.loss, d.merge(diagonal), t + triplets),
            });
        }
        if let Some((loss, diagonal, triplets)) = total {
            let gradients = loss.mul_scalar(share).backward();
            let encoder = self.encoder.clone();
            self.encoder = self.optimizer.step(encoder, gradients, input.learning_rate);
            self.curvature.update(diagonal, triplets);
        }
        Ok(report)
    }

    fn predictor(
        &self,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError> {
        let encoder = self.encoder.valid();
        let posterior = self.posterior(&encoder)?;
        Ok(Box::new(PosteriorPredictor {
            samples: posterior.sample(sample_count(samples), generator),
            analytic: (self.predictive == Predictive::Analytic).then_some(posterior),
            backbone: encoder.backbone,
        }))
    }

    fn posterior_summary(&self) -> Vec<(&'static str, f64)> {
        let Ok(posterior) = self.posterior(&self.encoder.valid()) else {
            return Vec::new();
        };
        let deviations = host_values(posterior.weight_deviation());
        let weights = host_values(posterior.weight());
        let mean = |values: &[f32], f: fn(f64) -> f64| {
            values.iter().map(|&v| f(f64::from(v))).sum::<f64>() / values.len().max(1) as f64
        };
        let curvature = host_values(self.curvature.estimate().weight());
        vec![
            ("sigma_mean", mean(&deviations, |v| v)),
            (
                "sigma_max",
                deviations
                    .iter()
                    .fold(0.0, |m: f64, &v| m.max(f64::from(v))),
            ),
            ("weight_rms", mean(&weights, |v| v * v).sqrt()),
            ("hessian_mean", mean(&curvature, |v| v)),
        ]
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        let mut tensors = prefixed("model", state_dict(&self.encoder));
        let curvature = self.curvature.estimate();
        tensors.insert("curvature.weight".into(), curvature.weight().into_data());
        tensors.insert("curvature.bias".into(), curvature.bias().into_data());
        Ok(MethodState {
            tensors,
            optimizer: self.optimizer.state()?,
        })
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        let model = take_prefixed("model", &mut state.tensors);
        let curvature = read_curvature(
            &take_prefixed("curvature", &mut state.tensors),
            self.curvature.estimate(),
        )?;
        self.encoder = load_state(self.encoder.clone(), &model)?;
        self.curvature = OnlineCurvature::resume(self.online, curvature);
        self.optimizer.restore(state.optimizer)
    }
}

/// A stored curvature of the same shape as `like`.
fn read_curvature(
    state: &StateDict,
    like: &DiagonalCurvature,
) -> Result<DiagonalCurvature, TrainError> {
    let [latent, features] = like.dims();
    let device = like.weight().device();
    let tensor = |name: &str, shape: &[usize]| match state.get(name) {
        Some(data) if data.shape().as_slice() == shape => Ok(data.clone()),
        Some(data) => Err(ModelError::StateMismatch(vec![format!(
            "curvature.{name} has shape {:?}, expected {shape:?}",
            data.shape()
        )])),
        None => Err(ModelError::StateMismatch(vec![format!(
            "missing tensor curvature.{name}"
        )])),
    };
    let weight = tensor("weight", &[latent, features])?;
    let bias = tensor("bias", &[latent])?;
    let curvature = DiagonalCurvature::new(
        Tensor::from_data(weight, &device),
        Tensor::from_data(bias, &device),
    );
    Ok(curvature?)
}

/// Embeds by weight samples drawn once; mean and spread from them or from moments.
struct PosteriorPredictor {
    backbone: ConvNet,
    samples: WeightSamples,
    analytic: Option<DiagonalPosterior>,
}

impl Predict for PosteriorPredictor {
    fn embed(&self, images: Tensor<4>) -> Embedded {
        let features = self.backbone.forward(images);
        let samples = self.samples.embeddings(features.clone());
        let embedding = match &self.analytic {
            Some(posterior) => analytic_embedding(posterior, features),
            None => summarise(samples.clone()),
        };
        Embedded {
            mean: embedding.mean,
            deviation: Some(embedding.deviation),
            samples: Some(samples),
        }
    }
}
