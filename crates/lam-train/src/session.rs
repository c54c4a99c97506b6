//! A run from start to end: open, train, evaluate, write.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use lam_data::SearchPath;

use crate::calibrate::fit_temperature;
use crate::checkpoint::Checkpoint;
use crate::config::{self, Calibrate, Config, Freeze, Selection};
use crate::data::{ImageDevice, RunData};
use crate::evaluate::{self, RiskReport, RiskRequest, report::Shown, risk_report};
use crate::freeze::freeze;
use crate::method::{self, BuildContext, Method};
use crate::observer::Observer;
use crate::randomness::{Purpose, Randomness};
use crate::run::{OpenMode, RunCurves, RunFolder, RunMetadata, RunMetrics, RunState};
use crate::starts::seen_by_members;
use crate::trainer::Trainer;
use crate::{TrainError, device, pretrained};

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
    /// Also choose, on the held-out images, which answers to accept.
    pub risk: Option<RiskRequest>,
    /// Fit the posterior's temperature before evaluating a finished run again; training asks the configuration.
    pub calibrate: bool,
    /// Where to compute instead of where the configuration says.
    pub device: Option<config::Device>,
}

impl RunOptions {
    fn open_device(&self, config: &Config) -> Result<Device, TrainError> {
        Ok(device::open(self.device.unwrap_or(config.device))?)
    }
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
    /// The threshold for accepting answers, where one was asked for.
    pub risk: Option<RiskReport>,
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
    let device = options.open_device(config)?;
    let method = build(config, &data, &device)?;
    // Likewise what has to be fetched.
    pretrained::fetch(config, observer)?;
    let folder = RunFolder::open(&path, config, options.mode)?;
    if folder.state() == RunState::Finished {
        return finished(&folder);
    }
    for note in &data.notes {
        observer.note(note);
    }
    let (data, method) = match config.freeze {
        Freeze::None => (data, method),
        Freeze::Backbone => {
            let data = freeze(config, data, &device, &folder, observer)?;
            let method = build(config, &data, &device)?;
            (data, method)
        }
    };
    let images = ImageDevice::new(device);
    let mut trainer = Trainer {
        config,
        name: &options.name,
        data: &data,
        images: &images,
        folder: &folder,
        randomness: Randomness::new(config.seed),
        method,
        observer,
    };
    trainer.train()?;
    let method = trainer.method;
    let run = FinishedRun {
        config,
        options,
        folder: &folder,
        data: &data,
        images: &images,
    };
    run.finish(method, config.calibrate == Calibrate::Temperature, observer)
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
    if options.risk.is_some() && config.selection == Selection::Test {
        return Err(TrainError::NothingHeldOut("--risk"));
    }
    if options.risk.is_some() && config.dataset.is_place_recognition() {
        return Err(TrainError::NoRiskOfPlaces);
    }
    let last = Checkpoint::load(&Trainer::last(&folder))?.origin;
    let options = &RunOptions {
        name: last.name,
        ..options.clone()
    };
    let search = SearchPath::standard(&options.data_dirs, config.data_dir.as_deref());
    let data = RunData::open(&config, &search)?;
    let device = options.open_device(&config)?;
    let data = freeze(&config, data, &device, &folder, observer)?;
    let method = build(&config, &data, &device)?;
    let epochs = planned_epochs(&*method, &config);
    if last.progress.epoch < epochs {
        return Err(TrainError::Unfinished {
            path: path.to_owned(),
            epoch: last.progress.epoch,
            epochs,
        });
    }
    let run = FinishedRun {
        config: &config,
        options,
        folder: &folder,
        data: &data,
        images: &ImageDevice::new(device),
    };
    run.finish(method, options.calibrate, observer)
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

/// Epochs of a run: the method's plan, none where the configuration asks for an evaluation only.
pub(crate) fn planned_epochs(method: &dyn Method, config: &Config) -> usize {
    if config.train {
        method.plan(config).epochs
    } else {
        0
    }
}

fn finished(folder: &RunFolder) -> Result<Outcome, TrainError> {
    Ok(Outcome {
        metrics: RunMetrics::read(&folder.metrics_json())?,
        folder: folder.path().to_owned(),
        report: folder.report(),
        risk: None,
        was_finished: true,
    })
}

/// A run whose training is over.
struct FinishedRun<'a> {
    config: &'a Config,
    options: &'a RunOptions,
    folder: &'a RunFolder,
    data: &'a RunData,
    images: &'a ImageDevice,
}

impl FinishedRun<'_> {
    /// The final evaluation: the best checkpoint, put into `method` and calibrated first if asked for, the test set, all
    /// weight samples.
    fn finish(
        &self,
        mut method: Box<dyn Method>,
        calibrate: bool,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, TrainError> {
        let (config, data, folder, images) = (self.config, self.data, self.folder, self.images);
        let best = Trainer::best(folder);
        let path = if best.exists() {
            best
        } else {
            Trainer::last(folder)
        };
        let Checkpoint { state, origin } = Checkpoint::load(&path)?;
        method.restore(state)?;
        if calibrate {
            self.calibrate(&mut *method, observer)?;
            let state = method.state()?;
            Checkpoint { state, origin }.save(&path)?;
        }
        let temperature = method.temperature().map(|t| *t);
        let samples = config.test_n_samples;
        // The same draws with and without temperature.
        let generator = || Randomness::new(config.seed).generator(Purpose::Test, 0);
        let predictor = method.predictor(samples, &mut generator())?;
        let (test, ood) = (&data.test, data.ood.as_ref());
        let (mut evaluation, sets) = evaluate::evaluate(
            &*predictor,
            test,
            ood,
            config.ranking,
            images,
            "test",
            observer,
        )?;
        if self.options.risk.is_some()
            && let Some(note) = seen_by_members(config)
        {
            observer.note(&note);
        }
        let risk = self.options.risk.as_ref().map(|request| {
            let selection = &data.selection.images;
            observer.evaluation_started("held-out images", selection.len());
            let held_out = evaluate::embed(&*predictor, selection, images, observer)?;
            observer.evaluation_done();
            evaluate::control_risk(&held_out, &sets.test, request, config.ranking, config.model)
        });
        let risk = risk.transpose()?;
        if let (Some(fitted), Some(known)) = (temperature, method.temperature())
            && fitted != 1.0
            // Against a gallery apart there are no votes.
            && test.gallery.is_none()
        {
            *known = 1.0;
            let predictor = method.predictor(samples, &mut generator())?;
            observer.evaluation_started("test before calibration", test.len());
            let before = evaluate::embed(&*predictor, &test.images, images, observer)?;
            observer.evaluation_done();
            evaluation.add_temperature(fitted, before.vote_calibration()?);
        }
        if let Some(note) = data.unreadable_note() {
            observer.note(&note);
        }
        if test.left_out > 0 {
            observer.note(&format!(
                "evaluated {} of {} test images, drawn class by class (evaluate_at_most)",
                test.len(),
                test.len() + test.left_out
            ));
        }
        let metadata = RunMetadata::of(config, &self.options.name);
        let metrics = RunMetrics::new(metadata, evaluation.metrics.clone())?;
        let shown = Shown {
            config,
            options: self.options,
            data,
            evaluation: &evaluation,
            sets: &sets,
            metrics: &metrics,
            risk: risk.as_ref(),
        };
        shown.write(folder)?;
        RunCurves::from(&evaluation.measured).write(&folder.curves_json())?;
        if let Some(risk) = &risk {
            risk_report::write(risk, metrics.metadata(), folder)?;
        }
        // Last, since it marks the run as finished.
        metrics.write(folder)?;
        Ok(Outcome {
            metrics,
            folder: folder.path().to_owned(),
            report: folder.report(),
            risk,
            was_finished: false,
        })
    }

    fn calibrate(
        &self,
        method: &mut dyn Method,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let held_out = &self.data.selection.images;
        let tried = fit_temperature(method, held_out, self.config, self.images, observer)?;
        let chosen = method.temperature().map_or(1.0, |t| *t);
        let ece_at = |temperature: f32| {
            let found = tried.iter().find(|tried| tried.temperature == temperature);
            found.map_or(f64::NAN, |tried| tried.ece)
        };
        observer.note(&format!(
            "temperature {chosen:.4e}: ECE on {} held-out images {:.4}, was {:.4}",
            held_out.len(),
            ece_at(chosen),
            ece_at(1.0)
        ));
        Ok(())
    }
}
