//! Dropout that stays on: networks with channels left out at random are samples of an embedding (method, section
//! "Baselines").

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use lam_laplace::predictive::summarise;
use lam_model::backbone::{ChannelDropout, ConvNet};
use lam_model::{Encoder, load_state, normalise, state_dict};
use rand_chacha::ChaCha12Rng;

use super::parts::{Objective, Optimizer, encoder, images, norms, prefixed, take_prefixed};
use super::{BuildContext, Embedded, Method, Predict, StepInput, StepReport};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::randomness::{Purpose, Randomness};
use crate::starts::Starts;

/// Monte Carlo dropout.
///
/// Training leaves out channels of each image on its own. Prediction draws the channels of a sample once and leaves the
/// same ones out of every image: sample `s` is one network, as it is one set of weights in the Laplace methods, so its
/// embeddings can be compared with each other. The released code draws anew for each image, which adds noise between a
/// query and its neighbours that no single network has.
pub(super) struct McDropout {
    encoder: Encoder,
    dropout: ChannelDropout,
    objective: Objective,
    optimizer: Optimizer,
    device: Device,
}

impl McDropout {
    pub(super) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        Ok(Box::new(Self {
            encoder: encoder(context, randomness)?,
            dropout: ChannelDropout::new(context.config.dropout_rate)?,
            objective: Objective::new(context.config)?,
            optimizer: Optimizer::new(context.config),
            device: context.device.clone().autodiff(),
        }))
    }
}

impl Method for McDropout {
    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        if starts.is_named() {
            let start = starts.own()?;
            self.encoder = load_state(self.encoder.clone(), &start.model)?;
        }
        Ok(())
    }

    fn step(&mut self, input: StepInput, randomness: Randomness) -> Result<StepReport, TrainError> {
        let mut noise = randomness.generator(Purpose::Training, input.step);
        let images = images(&input, &self.device);
        let backbone = &self.encoder.backbone;
        let features = backbone.forward_with_dropout(images, self.dropout, &mut noise);
        let mined = self
            .objective
            .evaluate(self.encoder.head.forward(features), input.labels);
        let report = mined.report();
        let gradients = mined.loss.backward();
        let encoder = self.encoder.clone();
        self.encoder = self.optimizer.step(encoder, gradients, input.learning_rate);
        Ok(report)
    }

    fn predictor(
        &self,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError> {
        let encoder = self.encoder.valid();
        let mut draw = |dropout| encoder.backbone.rest_with_dropout(dropout, generator);
        let networks = (0..samples.max(1)).map(|_| draw(self.dropout)).collect();
        let whole = draw(ChannelDropout::new(0.0)?);
        Ok(Box::new(DropoutPredictor {
            networks,
            whole,
            encoder,
        }))
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        Ok(MethodState {
            tensors: prefixed("model", state_dict(&self.encoder)),
            optimizer: self.optimizer.state()?,
        })
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        let model = take_prefixed("model", &mut state.tensors);
        self.encoder = load_state(self.encoder.clone(), &model)?;
        self.optimizer.restore(state.optimizer)
    }
}

/// The first block is computed once per image, what follows it once per sample.
struct DropoutPredictor {
    encoder: Encoder,
    /// Blocks after the first, one network per sample.
    networks: Vec<ConvNet>,
    /// Blocks after the first, nothing left out.
    whole: ConvNet,
}

impl Predict for DropoutPredictor {
    fn embed(&self, images: Tensor<4>) -> Embedded {
        let map = self.encoder.backbone.first_block(images);
        let embeddings = self.networks.iter().map(|network| {
            let features = network.forward(map.clone());
            normalise(self.encoder.head.forward(features))
        });
        let samples: Tensor<3> = Tensor::stack(embeddings.collect(), 1);
        let embedding = summarise(samples.clone());
        Embedded {
            mean: embedding.mean,
            deviation: Some(embedding.deviation),
            samples: Some(samples),
            feature_norm: norms(self.whole.forward(map)),
            isotropic: None,
        }
    }
}
