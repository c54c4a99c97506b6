//! What can go wrong with training and evaluation.

use std::path::PathBuf;

use lam_data::{DataError, VectorsError};
use lam_laplace::LaplaceError;
use lam_model::ModelError;

use crate::config::{ConfigError, Method};
use crate::device::DeviceError;
use crate::run::RunError;

/// An error of training or evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The run folder cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model cannot be built.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The posterior cannot be formed.
    #[error(transparent)]
    Laplace(#[from] LaplaceError),
    /// The metrics are not defined on what was computed.
    #[error(transparent)]
    Metrics(#[from] lam_metrics::MetricError),
    /// Neighbours cannot be found.
    #[error(transparent)]
    Search(#[from] lam_search::SearchError),
    /// A figure cannot be made.
    #[error(transparent)]
    Plot(#[from] lam_plot::PlotError),
    /// The method exists but cannot be trained by this version.
    #[error("method '{method}' cannot be trained by this version: {} can", .trainable.join(", "))]
    Untrainable {
        /// The configured method.
        method: Method,
        /// Those of the registry.
        trainable: Vec<&'static str>,
    },
    /// The loss has no pair Hessian.
    #[error(
        "loss '{loss}' has no Hessian of its pairs, which {method} needs: use contrastive or arccos"
    )]
    NoHessian {
        /// The configured loss.
        loss: String,
        /// The configured method.
        method: Method,
    },
    /// What was computed cannot be read.
    #[error(
        "the device failed: {0}; if its memory ran out, a smaller batch_size or --device cpu helps"
    )]
    DeviceRead(String),
    /// The device cannot be had.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The loss is no longer a number.
    #[error(
        "the loss became {loss} in epoch {epoch}, step {step}: lower the learning rate (lr is now {learning_rate:.3e} for the whole batch); the last good checkpoint is kept in {}",
        checkpoints.display()
    )]
    NotFinite {
        /// The loss.
        loss: f64,
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step in that epoch, counted from 1.
        step: usize,
        /// The optimiser's rate.
        learning_rate: f64,
        /// The folder of checkpoints.
        checkpoints: PathBuf,
    },
    /// Whoever watches the run ended it, see [`crate::observer::Observer::wants_stop`].
    #[error("training was ended after epoch {epoch}")]
    Stopped {
        /// Complete epochs.
        epoch: usize,
    },
    /// A checkpoint cannot be read.
    #[error("{}: {reason}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A run that the method begins with is missing.
    #[error(
        "{method} begins with a trained deterministic run, and there is no finished one of seed {seed} in {looked}: train it first, as in `lam train configs/{dataset}/deterministic.yaml --seed {seed}`, or name another one with --set resume=FOLDER"
    )]
    NoStart {
        /// The configured method.
        method: Method,
        /// The seed of the run.
        seed: u64,
        /// Where it was looked for.
        looked: String,
        /// The configured data set.
        dataset: String,
    },
    /// An ensemble without some of its members.
    #[error(
        "the ensemble lacks members: there is no finished deterministic run of seed {} in {looked}: `lam train ENSEMBLE.yaml --train-members` trains those that are missing, `lam train configs/{dataset}/deterministic.yaml --seed {}` a single one; or name others with --set resume=FOLDER",
        list(.seeds),
        .seeds.first().copied().unwrap_or_default()
    )]
    NoMembers {
        /// The members' seeds.
        seeds: Vec<u64>,
        /// Where they were looked for.
        looked: String,
        /// The configured data set.
        dataset: String,
    },
    /// A run that cannot be begun with.
    #[error("{}: cannot begin with this run: {reason}", path.display())]
    Start {
        /// Its checkpoint.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Weights to begin with that cannot be had.
    #[error("{what}; give the path of a file instead, as in --set pretrained=FILE")]
    NoWeights {
        /// Why.
        what: String,
    },
    /// Calibration and guarantees need images that neither training nor the results use.
    #[error("{0} needs held-out images, and selection is test: use --set selection=held_out")]
    NothingHeldOut(&'static str),
    /// Held-out images among which nothing can be found.
    #[error(
        "of the {images} held-out images no two are of one class, so that none can be found by another: use a larger held_out_fraction, or --set selection=test"
    )]
    HeldOutAlone {
        /// How many are held out.
        images: usize,
    },
    /// A run that cannot be added to others.
    #[error("{}: {reason}", path.display())]
    Merge {
        /// The run.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// An identity has one layer, and as many outputs as inputs.
    #[error(
        "head_init is identity, but the head has {inputs} features and {outputs} outputs: use latent_dim: null and head: []"
    )]
    NoIdentity {
        /// Its outputs.
        outputs: usize,
        /// Its inputs.
        inputs: usize,
    },
    /// Features are rows without gaps.
    #[error(
        "{images} images cannot be read, such as {first}: repair or remove them, since the features of a frozen backbone are computed of all"
    )]
    FrozenUnreadable {
        /// How many.
        images: usize,
        /// One of them.
        first: String,
    },
    /// A frozen backbone's own file.
    #[error("{}: {reason}: not the frozen backbone of a run", path.display())]
    FrozenFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Thresholds with a guarantee are chosen for answers that name a class.
    #[error("--risk is for data sets with classes, and this one has places")]
    NoRiskOfPlaces,
    /// Calibration sets a posterior's temperature.
    #[error("calibrate: temperature needs a posterior over weights, which {0} does not have")]
    NoTemperature(Method),
    /// A run whose training is not complete.
    #[error("{} has trained {epoch} of {epochs} epochs: finish it with `lam train … --resume` first", path.display())]
    Unfinished {
        /// The run folder.
        path: PathBuf,
        /// Complete epochs.
        epoch: usize,
        /// Configured epochs.
        epochs: usize,
    },
    /// A run that is to be used and has no results yet.
    #[error("{} holds no finished run: finish it with `lam train … --resume` first", run.display())]
    NotFinished {
        /// The run folder.
        run: PathBuf,
    },
    /// An embedding that is no embedding.
    #[error("the run in {} gives embeddings that are not finite", run.display())]
    EmbeddingNotFinite {
        /// The run folder.
        run: PathBuf,
    },
    /// A risk that no finite number of images can show, or that asks for nothing.
    #[error("{0}")]
    RiskTarget(#[source] lam_metrics::MetricError),
    /// A score that the method does not have.
    #[error("method '{method}' has no {score} of its answers: use --score {}", .available.join(", "))]
    NoRiskScore {
        /// The configured method.
        method: String,
        /// The score asked for.
        score: &'static str,
        /// Those there are.
        available: Vec<&'static str>,
    },
    /// The training set has fewer images than a batch.
    #[error("the training set has {images} images, fewer than batch_size {batch_size}")]
    BatchTooLarge {
        /// Images to train on.
        images: usize,
        /// The configured size.
        batch_size: usize,
    },
}

impl TrainError {
    /// Whether the user asked for something impossible, as opposed to work that failed.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Config(_)
                | Self::Untrainable { .. }
                | Self::NoHessian { .. }
                | Self::Device(_)
                | Self::BatchTooLarge { .. }
                | Self::Unfinished { .. }
                | Self::NotFinished { .. }
                | Self::RiskTarget(_)
                | Self::NoRiskScore { .. }
                | Self::NoStart { .. }
                | Self::NoMembers { .. }
                | Self::Start { .. }
                | Self::NoWeights { .. }
                | Self::NothingHeldOut(_)
                | Self::NoRiskOfPlaces
                | Self::HeldOutAlone { .. }
                | Self::NoIdentity { .. }
                | Self::Merge { .. }
                | Self::NoTemperature(_)
                | Self::Data(
                    DataError::UnknownDataset { .. }
                        | DataError::Vectors(
                            VectorsError::UnknownEnding { .. } | VectorsError::Name { .. }
                        )
                )
                | Self::Model(ModelError::NoBackbone { .. } | ModelError::NoMixedPrecision)
                | Self::Laplace(
                    LaplaceError::TooLarge { .. }
                        | LaplaceError::TooSlow { .. }
                        | LaplaceError::DeepHead { .. }
                        | LaplaceError::NoClosedForm
                )
                | Self::Run(
                    RunError::Occupied { .. }
                        | RunError::DifferentRun { .. }
                        | RunError::NotARun { .. }
                        | RunError::NoRun { .. }
                )
        )
    }
}

/// `1, 2, 3`.
fn list(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(", ")
}
