//! Dropout that stays on: networks with channels left out at random are samples of an embedding (method, section
//! "Baselines").

use burn::module::Module;
use burn::tensor::Tensor;
use lam_laplace::predictive::summarise;
use lam_model::backbone::{ChannelDropout, DropoutSamples, DroppedOut};
use lam_model::normalise;
use rand_chacha::ChaCha12Rng;

use super::learner::Learner;
use super::parts::norms;
use super::{BuildContext, Embedded, Method, Predict, Report, StepInput};
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
    learner: Learner,
    dropout: ChannelDropout,
}

impl McDropout {
    pub(super) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        Ok(Box::new(Self {
            learner: Learner::new(context, randomness)?,
            dropout: ChannelDropout::new(context.config.dropout_rate)?,
        }))
    }
}

impl Method for McDropout {
    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        self.learner.initialise(starts)
    }

    fn step(&mut self, input: StepInput, randomness: Randomness) -> Result<Report, TrainError> {
        let mut noise = randomness.generator(Purpose::Training, input.step);
        let dropout = self.dropout;
        let features = self
            .learner
            .features_with_dropout(&input, dropout, &mut noise);
        self.learner.learn(features, &input)
    }

    fn predictor(
        &self,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Result<Box<dyn Predict>, TrainError> {
        let encoder = self.learner.encoder.valid();
        let count = samples.max(1);
        let samples = encoder.dropout_samples(self.dropout, count, generator);
        Ok(Box::new(DropoutPredictor(samples)))
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        self.learner.state()
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        self.learner.restore(&mut state)
    }
}

struct DropoutPredictor(DropoutSamples);

impl Predict for DropoutPredictor {
    fn embed(&self, images: Tensor<4>) -> Embedded {
        let DroppedOut { whole, outputs } = self.0.outputs(images);
        let [batch, samples, size] = outputs.dims();
        let embeddings = normalise(outputs.reshape([batch * samples, size]));
        let samples: Tensor<3> = embeddings.reshape([batch, samples, size]);
        let embedding = summarise(samples.clone());
        Embedded {
            mean: embedding.mean,
            deviation: Some(embedding.deviation),
            samples: Some(samples),
            feature_norm: norms(whole),
            isotropic: None,
            output_spread: None,
            uncertainty: None,
        }
    }
}
