//! A run from start to end: open, train, evaluate, write.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use lam_data::SearchPath;

use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::data::RunData;
use crate::evaluate::{self, report::Shown};
use crate::method::{self, BuildContext, Method};
use crate::observer::Observer;
use crate::randomness::{Purpose, Randomness};
use crate::run::{OpenMode, RunCurves, RunFolder, RunMetadata, RunMetrics, RunState};
use crate::trainer::Trainer;
use crate::{TrainError, device};

/// What a run is told besides its configuration.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Name of the configuration: the stem of its file. A run that is evaluated again keeps its own.
    pub name: String,
    /// The run folder; by default [`RunFolder::path_for`].
    pub out: Option<PathBuf>,
    /// What to do with a run that is there already.
    pub mode: OpenMode,
    /// Folders in which data is looked for first.
    pub data_dirs: Vec<PathBuf>,
    /// The command line, for the report.
    pub command: String,
}

/// What a run leaves.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The final metrics.
    pub metrics: RunMetrics,
    /// The run folder.
    pub folder: PathBuf,
    /// The HTML page.
    pub report: PathBuf,
    /// Whether the run was finished before and nothing was done.
    pub was_finished: bool,
}

/// Trains as configured, evaluates the best checkpoint on the test set and writes everything into the run folder.
///
/// # Errors
/// See [`TrainError`]; what was computed up to the last checkpoint stays and `OpenMode::Resume` goes on from it.
pub fn train(
    config: &Config,
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let path = options
        .out
        .clone()
        .unwrap_or_else(|| RunFolder::path_for(config, &options.name));
    // Data first: a missing data set must not leave an empty run behind.
    let search = SearchPath::standard(&options.data_dirs, config.data_dir.as_deref());
    let data = RunData::open(config, &search)?;
    let device = device::open(config.device)?;
    let method = build(config, &data, &device)?;
    let folder = RunFolder::open(&path, config, options.mode)?;
    if folder.state() == RunState::Finished {
        return finished(&folder);
    }
    let mut trainer = Trainer {
        config,
        name: &options.name,
        data: &data,
        device: &device,
        folder: &folder,
        randomness: Randomness::new(config.seed),
        method,
        observer,
    };
    if config.train {
        trainer.train()?;
    }
    drop(trainer);
    finish(config, options, &folder, &data, observer)
}

/// Repeats the evaluation of a run from its checkpoint, with the run's own configuration, and writes the results and
/// the report again.
///
/// # Errors
/// See [`TrainError`].
pub fn evaluate_run(
    path: &Path,
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let (folder, config) = RunFolder::open_existing(path)?;
    let last = Checkpoint::load(&Trainer::last(&folder))?.origin;
    if last.progress.epoch < config.epochs {
        return Err(TrainError::Unfinished {
            path: path.to_owned(),
            epoch: last.progress.epoch,
            epochs: config.epochs,
        });
    }
    let options = &RunOptions {
        name: last.name,
        ..options.clone()
    };
    let search = SearchPath::standard(&options.data_dirs, config.data_dir.as_deref());
    let data = RunData::open(&config, &search)?;
    finish(&config, options, &folder, &data, observer)
}

/// The configured method with its initial weights.
fn build(config: &Config, data: &RunData, device: &Device) -> Result<Box<dyn Method>, TrainError> {
    let context = BuildContext {
        config,
        image_shape: data.image_shape(),
        training_images: data.train.len(),
        device,
    };
    method::build(&context, Randomness::new(config.seed))
}

fn finished(folder: &RunFolder) -> Result<Outcome, TrainError> {
    Ok(Outcome {
        metrics: RunMetrics::read(&folder.metrics_json())?,
        folder: folder.path().to_owned(),
        report: folder.report(),
        was_finished: true,
    })
}

/// The final evaluation: the best checkpoint, the test set, all weight samples.
fn finish(
    config: &Config,
    options: &RunOptions,
    folder: &RunFolder,
    data: &RunData,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let device = device::open(config.device)?;
    let mut method = build(config, data, &device)?;
    let best = Trainer::best(folder);
    let checkpoint = if best.exists() {
        best
    } else {
        Trainer::last(folder)
    };
    if checkpoint.exists() || config.train {
        method.restore(Checkpoint::load(&checkpoint)?.state)?;
    }
    let mut generator = Randomness::new(config.seed).generator(Purpose::Test, 0);
    let predictor = method.predictor(config.test_n_samples, &mut generator)?;
    let (test, ood) = (&data.test, data.ood.as_ref());
    let (evaluation, sets) = evaluate::evaluate(&*predictor, test, ood, &device, "test", observer)?;
    let metadata = RunMetadata::of(config, &options.name);
    let metrics = RunMetrics::new(metadata, evaluation.metrics.clone())?;
    let shown = Shown {
        config,
        options,
        data,
        evaluation: &evaluation,
        sets: &sets,
        metrics: &metrics,
    };
    shown.write(folder)?;
    RunCurves::from(&evaluation.measured).write(&folder.curves_json())?;
    // Last, since it marks the run as finished.
    metrics.write(folder)?;
    Ok(Outcome {
        metrics,
        folder: folder.path().to_owned(),
        report: folder.report(),
        was_finished: false,
    })
}
