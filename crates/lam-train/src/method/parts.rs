//! What several methods are made of: the loss with its miner, and the optimiser.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::module::ParamGroup;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{
    GradientsParams, LearningRate, ModuleOptimizer, Optimizer as Rule, OptimizerRecord, RmsProp,
    RmsPropConfig,
};
use burn::tensor::{Bytes, Device, Gradients, Tensor};
use lam_model::distance::Distance;
use lam_model::head::RandomFeaturesConfig;
use lam_model::loss::{self, Loss};
use lam_model::miner::{TripletMiner, TripletType};
use lam_model::{Encoder, EncoderConfig, ModelError, Precision, StateDict, normalise, pooling};

use super::mining::{Minable, Mined};
use super::report::Report;
use super::{BuildContext, Targets};
use crate::TrainError;
use crate::config::{self, Config, Freeze, HeadInit};
use crate::randomness::{Purpose, Randomness};
use crate::starts;

/// The configured encoder.
pub(super) fn encoder_config(context: &BuildContext) -> Result<EncoderConfig, TrainError> {
    let config = context.config;
    let given = config.freeze == Freeze::Backbone || config.dataset.is_features();
    let encoder = match (given, context.image_shape) {
        (true, [features, 1, 1]) => EncoderConfig::of_features(features, config.latent_dim),
        (_, shape) => EncoderConfig::new(&config.arch.to_string(), shape, config.latent_dim)?,
    };
    let encoder = encoder.with_hidden(
        config.head.clone(),
        config.head_activation.to_string().parse()?,
    );
    let encoder = encoder.with_precision(match config.precision {
        config::Precision::Full => Precision::Full,
        config::Precision::Mixed => Precision::mixed(context.device)?,
    });
    let encoder = match config.random_features {
        Some(count) => encoder.with_random_features(RandomFeaturesConfig {
            count,
            length_scale: config.length_scale as f32,
        }),
        None => encoder,
    };
    Ok(match config.pool {
        Some(pool) => encoder.with_pooling(pooling::by_name(&pool.to_string())?),
        None => encoder,
    })
}

/// The configured encoder with its initial weights, on the context's device with automatic differentiation.
pub(crate) fn encoder(
    context: &BuildContext,
    randomness: Randomness,
) -> Result<Encoder, TrainError> {
    let mut generator = randomness.generator(Purpose::Weights, 0);
    let device = context.device.clone().autodiff();
    let encoder = encoder_config(context)?.init(&mut generator, &device);
    begin_head(encoder, &context.config.head_init)
}

/// The encoder with the head that the configuration begins with.
fn begin_head(encoder: Encoder, begin: &HeadInit) -> Result<Encoder, TrainError> {
    match begin {
        HeadInit::Random => Ok(encoder),
        HeadInit::Run(run) => starts::head_of(run, encoder),
        HeadInit::Identity => {
            let layers = encoder.head.weights().layers;
            let (weight, bias) = (&layers.last.weight, &layers.last.bias);
            let [outputs, inputs] = weight.dims();
            if layers.depth() > 1 || outputs != inputs {
                return Err(TrainError::NoIdentity { outputs, inputs });
            }
            let device = weight.device().without_autodiff();
            let identity = Tensor::<2>::eye(inputs, &device).into_data();
            let zeros =
                Tensor::<1>::zeros([outputs], &bias.device().without_autodiff()).into_data();
            let head = StateDict::from([
                ("head.weight".to_owned(), identity),
                ("head.bias".to_owned(), zeros),
            ]);
            starts::with_head(encoder, &head)
        }
    }
}

/// Loss, distance and miner of a configuration.
#[derive(Debug)]
pub(super) struct Objective {
    loss: Box<dyn Loss>,
    distance: Distance,
    miner: TripletMiner,
}

/// A batch on the unit sphere with its loss and mined pairs.
pub(super) struct Evaluated<'a> {
    /// `[1]`, differentiable.
    pub loss: Tensor<1>,
    pub pairs: LossPairs<'a>,
}

/// The pairs of a loss; gradients are not known of here.
pub(super) struct LossPairs<'a> {
    /// The batch, for other rules to mine.
    pub batch: Minable<'a>,
    pub mined: Mined,
    /// What mined them.
    pub miner: TripletMiner,
}

impl Objective {
    pub(super) fn new(config: &Config) -> Result<Self, TrainError> {
        let loss = loss::by_name(&config.loss.to_string(), config.margin as f32)?;
        let kind: TripletType = config.type_of_triplets.to_string().parse()?;
        Ok(Self {
            miner: loss.miner(kind),
            distance: config.distance.to_string().parse()?,
            loss,
        })
    }

    /// The loss of a batch of outputs `z` (`[B, D]`, not normalised).
    pub(super) fn evaluate<'a>(
        &self,
        z: Tensor<2>,
        targets: &Targets<'a>,
    ) -> Result<Evaluated<'a>, TrainError> {
        let distances = self.distance.pairwise(normalise(z));
        let batch = Minable::new(distances.clone(), targets)?;
        let mined = batch.mine(self.miner);
        Ok(Evaluated {
            loss: self.loss.forward(distances, &mined.counts),
            pairs: LossPairs {
                batch,
                mined,
                miner: self.miner,
            },
        })
    }

    /// The pairs of a batch of directions `u` (`[B, D]`, without gradient).
    pub(super) fn mine(&self, u: Tensor<2>, targets: &Targets) -> Result<Mined, TrainError> {
        Ok(Minable::new(self.distance.pairwise(u), targets)?.mine(self.miner))
    }
}

impl Evaluated<'_> {
    pub(super) fn report(&self) -> Result<Report, TrainError> {
        self.pairs.mined.summary.clone().with_loss(&self.loss)
    }
}

/// Values of a tensor on the host, row-major.
///
/// # Errors
/// [`TrainError::DeviceRead`] where the device was lost or has run out of memory, at any time before.
pub(crate) fn host_values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, TrainError> {
    tensor
        .try_into_vec_as::<f32>()
        .map_err(|error| TrainError::DeviceRead(one_line(&error.to_string())))
}

/// A message of a driver, which can be a page long.
fn one_line(message: &str) -> String {
    const LONGEST: usize = 300;
    let words: Vec<&str> = message.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST).collect()
}

/// Length of every row of `[B, F]`, `[B]`.
pub(super) fn norms(rows: Tensor<2>) -> Tensor<1> {
    rows.square().sum_dim(1).sqrt().squeeze_dim(1)
}

/// The value of a tensor `[1]`.
///
/// # Errors
/// As [`host_values`].
pub(super) fn scalar(tensor: Tensor<1>) -> Result<f32, TrainError> {
    Ok(host_values(tensor)?.first().copied().unwrap_or(f32::NAN))
}

/// Parts of the path of parameters that are exponents of a pooling, and of no others.
const EXPONENT: [&str; 2] = ["pool", "exponent"];

/// RMSprop at ten times the rate, for exponents of a pooling (method, section "Training protocol").
#[derive(Clone)]
struct Faster(RmsProp);

impl Rule for Faster {
    type State<const D: usize> = <RmsProp as Rule>::State<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        self.0.step(10.0 * rate, tensor, gradient, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        RmsProp::to_device(state, device)
    }
}

/// RMSprop with the constants of the protocol (method, section "Training protocol").
pub(super) struct Optimizer(ModuleOptimizer);

impl Optimizer {
    pub(super) fn new(config: &Config) -> Self {
        let rmsprop = RmsPropConfig::new()
            .with_alpha(0.99)
            .with_epsilon(1e-8)
            .with_momentum(0.0);
        let decay = WeightDecayConfig::new(config.weight_decay as f32);
        let all = rmsprop.clone().with_weight_decay(Some(decay)).init();
        let exponents = ParamGroup::from_predicates(EXPONENT.to_vec());
        Self(all.with_group(exponents, Faster(rmsprop.build()), None))
    }

    pub(super) fn step<M: Module>(
        &mut self,
        module: M,
        gradients: Gradients,
        learning_rate: f64,
    ) -> M {
        let gradients = GradientsParams::from_grads(gradients, &module);
        self.0.step(learning_rate, module, gradients)
    }

    pub(super) fn state(&self) -> Result<Vec<u8>, TrainError> {
        let bytes = self.0.into_bytes().map_err(optimizer_state_error)?;
        Ok(bytes.to_vec())
    }

    pub(super) fn restore(&mut self, state: Vec<u8>) -> Result<(), TrainError> {
        if !state.is_empty() {
            let record = OptimizerRecord::from_bytes(Bytes::from_bytes_vec(state))
                .map_err(optimizer_state_error)?;
            self.0 = self.0.clone().load_record(record);
        }
        Ok(())
    }
}

fn optimizer_state_error(error: impl std::fmt::Display) -> TrainError {
    ModelError::StateMismatch(vec![format!("the optimiser's state: {error}")]).into()
}

/// Adds `prefix.` to every name.
pub(super) fn prefixed(prefix: &str, state: StateDict) -> StateDict {
    state
        .into_iter()
        .map(|(name, data)| (format!("{prefix}.{name}"), data))
        .collect()
}

/// Splits off the tensors whose names start with `prefix.`, without it.
pub(crate) fn take_prefixed(prefix: &str, state: &mut StateDict) -> StateDict {
    let mut taken = BTreeMap::new();
    state.retain(
        |name, data| match name.strip_prefix(prefix).and_then(|n| n.strip_prefix('.')) {
            Some(rest) => {
                taken.insert(rest.to_owned(), data.clone());
                false
            }
            None => true,
        },
    );
    taken
}
