//! A trained run that embeds whatever images it is shown; its own data is not needed.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use lam_data::{DataError, ImageShape, Presentation, find};
use lam_model::backbone::Backbone;
use lam_model::{StateDict, load_state};
use lam_retrieve::{Accepts, Embeddings, Encoder, Input, RetrieveError, Samples, added_up};
use lam_search::store::Fingerprint;
use sha2::{Digest, Sha256};

use crate::checkpoint::Checkpoint;
use crate::config::{self, Config, DatasetChoice, Freeze, Uncertainty};
use crate::data::views;
use crate::freeze::{hash_precision, read_frozen_backbone};
use crate::method::{self, BuildContext, Embedded, Predict, encoder, host_values};
use crate::randomness::{Purpose, Randomness};
use crate::run::RunFolder;
use crate::starts::FROZEN_BACKBONE;
use crate::{TrainError, device};

/// Ends of the names of what may take the features first, the earliest first.
const HEAD_WEIGHTS: [&str; 3] = [
    "head.random_features.projection",
    "head.hidden.0.weight",
    "head.weight",
];

/// How a run is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderOptions {
    /// Samples of each embedding that are handed out, to vote; at most those that mean and spread are computed from. 0
    /// for none.
    pub votes: usize,
    /// Where to compute instead of where the run's configuration says.
    pub device: Option<config::Device>,
}

impl Default for EncoderOptions {
    /// 32 votes: agreement in steps of 3 %.
    fn default() -> Self {
        Self {
            votes: 32,
            device: None,
        }
    }
}

/// The best checkpoint of a finished run as an [`Encoder`].
pub struct RunEncoder {
    predictor: Box<dyn Predict>,
    /// Of a run with `freeze: backbone`, whose own begins with features.
    frozen: Option<Backbone>,
    presentation: Option<Presentation>,
    shape: ImageShape,
    config: Config,
    path: PathBuf,
    fingerprint: Fingerprint,
    dim: usize,
    votes: usize,
    device: Device,
    /// Batches are embedded one after the other: each of them uses all cores.
    turn: Mutex<()>,
}

impl RunEncoder {
    /// Opens a run folder.
    ///
    /// # Errors
    /// No finished run there; place recognition, ensembles and everything else can be opened, a damaged checkpoint not.
    pub fn open(run: &Path, options: EncoderOptions) -> Result<Self, TrainError> {
        let config = RunFolder::configuration(run)?;
        let checkpoint = finished_checkpoint(run)?;
        let Checkpoint { state, .. } = Checkpoint::load(&checkpoint)?;
        let device = device::open(options.device.unwrap_or(config.device))?;
        let presentation = presentation(&config)?;
        let shape = match &presentation {
            Some(presentation) => presentation.shape(),
            None => ImageShape::new(given_features(&state.tensors, &checkpoint)?, 1, 1),
        };
        let mut hash = Sha256::new();
        hash.update(format!(
            "{} {} {} {shape} {:?} {:?}",
            config.model,
            config.test_n_samples,
            config.seed,
            config.predictive,
            presentation.as_ref().map(Presentation::normalisation)
        ));
        hash_precision(&mut hash, config.precision);
        // As it was before the key existed.
        if config.uncertainty != Uncertainty::Embedding {
            hash.update(format!("uncertainty {}", config.uncertainty));
        }
        hash_tensors(&mut hash, &state.tensors);
        let mut context = BuildContext {
            config: &config,
            image_shape: [shape.channels, shape.height, shape.width],
            training_images: 1,
            device: &device,
        };
        let frozen = match (config.freeze, &presentation) {
            (Freeze::Backbone, Some(_)) => {
                let drawn = encoder(&context, Randomness::new(config.seed))?.backbone;
                let tensors = read_frozen_backbone(&run.join("checkpoints").join(FROZEN_BACKBONE))?;
                hash_tensors(&mut hash, &tensors);
                let features = given_features(&state.tensors, &checkpoint)?;
                context.image_shape = [features, 1, 1];
                Some(load_state(drawn, &tensors)?.valid())
            }
            _ => None,
        };
        let randomness = Randomness::new(config.seed);
        let mut method = method::build(&context, randomness)?;
        method.restore(state)?;
        let mut generator = randomness.generator(Purpose::Test, 0);
        let predictor = method.predictor(config.test_n_samples, &mut generator)?;
        let mut opened = Self {
            predictor,
            frozen,
            presentation,
            shape,
            fingerprint: Fingerprint(hash.finalize().into()),
            dim: 0,
            votes: options.votes,
            device,
            turn: Mutex::new(()),
            path: run.to_owned(),
            config,
        };
        opened.dim = opened.embed_values(vec![0.0; shape.numel()])?.dim;
        Ok(opened)
    }

    /// The run's configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The run folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How photographs are shown to it; none where it takes the features of another model.
    pub fn presentation(&self) -> Option<&Presentation> {
        self.presentation.as_ref()
    }

    /// Shape of its input, `[C, H, W]`, or `[F, 1, 1]` for features.
    pub fn input_shape(&self) -> ImageShape {
        self.shape
    }

    /// Embeds inputs as the network takes them, `[B, C, H, W]`, normalised.
    ///
    /// # Errors
    /// A number of values that is no whole number of inputs, and outputs that are not finite.
    pub fn embed_values(&self, values: Vec<f32>) -> Result<Embeddings, TrainError> {
        let each = self.shape.numel().max(1);
        if values.is_empty() || !values.len().is_multiple_of(each) {
            return Err(DataError::WrongBuffer {
                found: values.len(),
                expected: each,
            }
            .into());
        }
        let shape = [
            values.len() / each,
            self.shape.channels,
            self.shape.height,
            self.shape.width,
        ];
        // Nothing panics while it is held.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut images = Tensor::<4>::from_data(TensorData::new(values, shape), &self.device);
        if let Some(backbone) = &self.frozen {
            let features = backbone.forward(images);
            let [batch, size] = features.dims();
            images = features.reshape([batch, size, 1, 1]);
        }
        let embeddings = self.to_host(self.predictor.embed(images))?;
        let numbers = embeddings.means.iter();
        let numbers = numbers.chain(embeddings.sigmas.iter().flatten());
        let uncertainties = embeddings.uncertainties.iter().flatten();
        let mut numbers = numbers
            .copied()
            .map(f64::from)
            .chain(uncertainties.copied());
        if numbers.any(|value| !value.is_finite()) {
            return Err(TrainError::EmbeddingNotFinite {
                run: self.path.clone(),
            });
        }
        Ok(embeddings)
    }

    fn to_host(&self, embedded: Embedded) -> Result<Embeddings, TrainError> {
        let dim = embedded.mean.dims()[1];
        let sigmas = embedded.deviation.map(host_values).transpose()?;
        let uncertainties = match embedded.uncertainty {
            Some(given) => Some(host_values(given)?.into_iter().map(f64::from).collect()),
            None => sigmas.as_ref().map(|sigmas| added_up(sigmas, dim)),
        };
        let samples = embedded.samples.filter(|_| self.votes > 0).map(|samples| {
            let per_input = samples.dims()[1].min(self.votes);
            let values = host_values(samples.narrow(1, 0, per_input))?;
            Ok::<_, TrainError>(Samples { per_input, values })
        });
        Ok(Embeddings {
            dim,
            means: host_values(embedded.mean)?,
            sigmas,
            uncertainties,
            samples: samples.transpose()?,
        })
    }

    /// An input as the network takes it, appended to `values`.
    fn show(&self, input: Input<'_>, values: &mut Vec<f32>) -> Result<(), RetrieveError> {
        let start = values.len();
        match (input, &self.presentation) {
            (Input::Image(picture), Some(presentation)) => {
                values.resize(start + self.shape.numel(), 0.0);
                presentation
                    .show(picture, &mut values[start..])
                    .map_err(|error| RetrieveError::Model(error.to_string()))
            }
            (Input::Image(_), None) => Err(RetrieveError::Input(format!(
                "this run takes vectors of {} features, not images",
                self.shape.numel()
            ))),
            (Input::Vector(vector), None) if vector.len() == self.shape.numel() => {
                if let Some(at) = vector.iter().position(|value| !value.is_finite()) {
                    let value = vector[at];
                    return Err(RetrieveError::Input(format!(
                        "value {at} of the vector is {value}"
                    )));
                }
                values.extend_from_slice(vector);
                Ok(())
            }
            (Input::Vector(vector), None) => Err(RetrieveError::Input(format!(
                "the vector has {} values, this run takes {} features",
                vector.len(),
                self.shape.numel()
            ))),
            (Input::Vector(_), Some(_)) => Err(RetrieveError::Input(
                "this run takes images, not vectors".to_owned(),
            )),
        }
    }
}

impl Encoder for RunEncoder {
    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn accepts(&self) -> Accepts {
        match &self.presentation {
            Some(_) => Accepts::Images,
            None => Accepts::Vectors(self.shape.numel()),
        }
    }

    fn adds_up(&self) -> bool {
        self.config.uncertainty == Uncertainty::Embedding
    }

    fn embed(&self, inputs: &[Input<'_>]) -> Result<Embeddings, RetrieveError> {
        let mut values = Vec::with_capacity(inputs.len() * self.shape.numel());
        for input in inputs {
            self.show(*input, &mut values)?;
        }
        if inputs.is_empty() {
            return Ok(Embeddings {
                dim: self.dim,
                ..Embeddings::default()
            });
        }
        self.embed_values(values)
            .map_err(|error| RetrieveError::Model(error.to_string()))
    }
}

/// The checkpoint that a finished run is judged by.
fn finished_checkpoint(run: &Path) -> Result<PathBuf, TrainError> {
    let files = ["best.safetensors", "last.safetensors"];
    let files = files.map(|name| run.join("checkpoints").join(name));
    let found = files.into_iter().find(|file| file.is_file());
    let finished = run.join("metrics.json").is_file();
    found
        .filter(|_| finished)
        .ok_or_else(|| TrainError::NotFinished {
            run: run.to_owned(),
        })
}

/// How a run is shown photographs, from its configuration alone; none where it takes features.
fn presentation(config: &Config) -> Result<Option<Presentation>, TrainError> {
    let views = views(config);
    Ok(match &config.dataset {
        DatasetChoice::Known(name) => Some(find(&name.to_string())?.presentation(views)?),
        DatasetChoice::Own(_) => Some(Presentation::of_views(views)?),
        DatasetChoice::Features(_) => None,
    })
}

/// The number of features that a head takes.
fn given_features(tensors: &StateDict, checkpoint: &Path) -> Result<usize, TrainError> {
    let first_layer = |end: &str| tensors.iter().find(|(name, _)| name.ends_with(end));
    let found = HEAD_WEIGHTS.iter().find_map(|end| first_layer(end));
    let size = found.and_then(|(_, weight)| weight.shape().last().copied());
    size.ok_or_else(|| TrainError::Checkpoint {
        path: checkpoint.to_owned(),
        reason: "it holds no head: train again with --overwrite".to_owned(),
    })
}

fn hash_tensors(hash: &mut Sha256, tensors: &StateDict) {
    for (name, values) in tensors {
        hash.update(name);
        hash.update(values.as_bytes());
    }
}
