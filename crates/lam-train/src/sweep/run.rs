//! Makes the trials of a sweep.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::base::{check_values, named_config};
use super::domain::{Domain, Parameter};
use super::error::SweepError;
use super::history::{Validation, reported, validations};
use super::search::{Observed, grid_size, suggest};
use super::spec::{SearchMethod, SweepSpec};
use super::trials::{Trial, TrialState, TrialTable};
use super::watch::Watch;
use crate::TrainError;
use crate::config::{Config, ConfigError, Method, Override, Selection, Warning};
use crate::observer::Observer;
use crate::run::{OpenMode, RunError, lock};
use crate::session::{RunOptions, train};

/// What a sweep is told besides its file.
#[derive(Clone, Debug, Default)]
pub struct SweepOptions {
    /// The base configuration; by default the one that the file names.
    pub config: Option<PathBuf>,
    /// Laid over the base configuration, below what is searched.
    pub overrides: Vec<Override>,
    /// How many trials; by default what the file says, or a whole grid.
    pub trials: Option<usize>,
    /// Seed of the search. The seed of the runs is the configuration's.
    pub seed: u64,
    /// The sweep's folder; by default `<log_dir>/sweeps/<name of the file>`.
    pub out: Option<PathBuf>,
    /// Folders in which data is looked for first.
    pub data_dirs: Vec<PathBuf>,
    /// The command line, for reports.
    pub command: String,
}

/// Receives the events of a sweep.
pub trait SweepObserver {
    /// A trial begins or goes on; what it tells goes to the observer that is returned.
    fn trial_started(&mut self, trial: &Trial, of: usize) -> &mut dyn Observer;

    /// A trial has ended.
    fn trial_ended(&mut self, trial: &Trial, of: usize);
}

/// A sweep that is ready to be made: everything that can be checked before has been.
#[derive(Debug)]
pub struct Sweep {
    /// What its file says.
    pub spec: SweepSpec,
    /// The base configuration.
    pub base: Config,
    /// The base configuration's file.
    pub config: PathBuf,
    /// The sweep's folder.
    pub folder: PathBuf,
    /// How many trials are to be made.
    pub trials: usize,
    options: SweepOptions,
}

impl Sweep {
    /// Reads the sweep's file and its base configuration, and tries the values of every parameter in it.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn load(path: &Path, options: SweepOptions) -> Result<(Self, Vec<Warning>), SweepError> {
        let (mut spec, mut warnings) = SweepSpec::load(path)?;
        // The command line has the last word.
        let given: Vec<&str> = options
            .overrides
            .iter()
            .map(|one| one.key().trim())
            .collect();
        spec.parameters
            .retain(|parameter| !given.contains(&parameter.key));
        let config = match &options.config {
            Some(config) => config.clone(),
            None => named_config(&spec)?,
        };
        let loaded = Config::load(&config, &options.overrides)?;
        warnings.extend(loaded.warnings);
        check_values(&spec, &config, &options.overrides)?;
        let base = loaded.config;
        let varies_selection = spec
            .parameters
            .iter()
            .any(|p| p.key == "selection" && !matches!(&p.domain, Domain::Fixed(v) if v != "test"));
        let fixed = |key: &str| spec.parameters.iter().any(|p| p.key == key);
        if varies_selection || (base.selection == Selection::Test && !fixed("selection")) {
            return Err(SweepError::TestSelection);
        }
        // An ensemble is judged as it is; its members are trained already.
        let trains = base.train && (base.epochs > 0 || fixed("epochs"));
        if !trains && base.model != Method::DeepEnsemble {
            return Err(SweepError::NoTraining {
                train: base.train,
                epochs: base.epochs,
            });
        }
        let domains: Vec<&Domain> = spec.parameters.iter().map(|p| &p.domain).collect();
        let whole_grid = match spec.method {
            SearchMethod::Grid => grid_size(&domains),
            _ => None,
        };
        let asked = options.trials.or(spec.trials);
        let trials = match (asked, whole_grid) {
            (Some(asked), Some(all)) => asked.min(all),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => {
                return Err(SweepError::NoEnd {
                    path: path.to_owned(),
                });
            }
        };
        let name = path.file_stem().unwrap_or_default();
        let folder = options
            .out
            .clone()
            .unwrap_or_else(|| base.log_dir.join("sweeps").join(name));
        let sweep = Self {
            spec,
            base,
            config,
            folder,
            trials,
            options,
        };
        Ok((sweep, warnings))
    }

    /// Folder of a trial's run.
    pub fn trial_folder(&self, index: usize) -> PathBuf {
        self.folder.join("trials").join(format!("{index:04}"))
    }

    /// The configuration of a trial.
    ///
    /// # Errors
    /// Values that exclude each other.
    pub fn trial_config(&self, values: &[(String, String)]) -> Result<Config, ConfigError> {
        let mut overrides = self.options.overrides.clone();
        overrides.extend(setting(values));
        Ok(Config::load(&self.config, &overrides)?.config)
    }

    /// The command line.
    pub fn command(&self) -> &str {
        &self.options.command
    }

    /// Makes the trials that are missing; one that was interrupted goes on exactly. Returns all of them.
    ///
    /// # Errors
    /// The folder is in use or another sweep's; a fault that every trial would have; files that cannot be written. What
    /// was done stays, and the next call goes on from there.
    pub fn run(&self, observer: &mut dyn SweepObserver) -> Result<Vec<Trial>, SweepError> {
        let (_lock, mut table) = self.open()?;
        let of = self.trials.max(table.trials().len());
        loop {
            let open = table
                .trials()
                .iter()
                .find(|t| t.state == TrialState::Running);
            let trial = match open {
                Some(trial) => trial.clone(),
                None if table.trials().len() >= self.trials => break,
                None => {
                    let Some(values) = self.next(table.trials()) else {
                        break;
                    };
                    table.begin(values)?;
                    continue;
                }
            };
            let others: Vec<&[Validation]> = table
                .trials()
                .iter()
                .filter(|other| other.index < trial.index)
                .map(|other| other.history.as_slice())
                .collect();
            let ended = self.make(trial, &others, observer, of)?;
            observer.trial_ended(&ended, of);
            table.end(ended)?;
        }
        Ok(table.trials().to_vec())
    }

    fn open(&self) -> Result<(File, TrialTable), SweepError> {
        let folder = &self.folder;
        fs::create_dir_all(folder).map_err(RunError::io("create the folder", folder))?;
        let lock = lock(folder)?;
        // Results of trials depend on these; the number of trials may grow.
        let identity = [
            ("configuration", self.base.identity_hash()),
            ("search", self.search_hash()),
            ("seed", self.options.seed.to_string()),
        ];
        let table = TrialTable::open(&folder.join("trials.jsonl"), &identity)?;
        Ok((lock, table))
    }

    fn search_hash(&self) -> String {
        let spec = &self.spec;
        let parameters: Vec<(&str, &Domain)> =
            spec.parameters.iter().map(|p| (p.key, &p.domain)).collect();
        let text = format!(
            "{:?} {} {:?} {:?} {:?}",
            spec.method, spec.metric, spec.goal, parameters, spec.stopping
        );
        let digest = Sha256::digest(text.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The values of the next trial; none where a grid is exhausted.
    fn next(&self, trials: &[Trial]) -> Option<Vec<(String, String)>> {
        let parameters = &self.spec.parameters;
        let domains: Vec<&Domain> = parameters.iter().map(|p| &p.domain).collect();
        let tried: Vec<Observed> = trials
            .iter()
            .filter_map(|trial| {
                Some(Observed {
                    coordinates: coordinates(parameters, &trial.values)?,
                    badness: trial
                        .value
                        .map_or(f64::INFINITY, |value| self.spec.goal.badness(value)),
                })
            })
            .collect();
        let point = suggest(
            self.spec.method,
            &domains,
            self.options.seed,
            trials.len(),
            &tried,
        )?;
        let values = parameters.iter().zip(point);
        Some(
            values
                .map(|(p, coordinate)| (p.key.to_owned(), p.domain.text(coordinate)))
                .collect(),
        )
    }

    /// Trains a trial to its end, or to where it is hopeless.
    fn make(
        &self,
        mut trial: Trial,
        others: &[&[Validation]],
        observer: &mut dyn SweepObserver,
        of: usize,
    ) -> Result<Trial, SweepError> {
        let folder = self.trial_folder(trial.index);
        let inner = observer.trial_started(&trial, of);
        let config = match self.trial_config(&trial.values) {
            Ok(config) => config,
            Err(error) => return Ok(failed(trial, error.to_string())),
        };
        let log = folder.join("log.jsonl");
        let mut watch = Watch {
            inner,
            spec: &self.spec,
            log: &log,
            others,
            judged: Ok(None),
        };
        let options = RunOptions {
            name: format!("trial-{:04}", trial.index),
            out: Some(folder.clone()),
            mode: OpenMode::Resume,
            data_dirs: self.options.data_dirs.clone(),
            command: self.options.command.clone(),
            calibrate: false,
            risk: None,
            device: None,
        };
        let state = match train(&config, &options, &mut watch) {
            Err(TrainError::Stopped { .. }) => watch.judged?.unwrap_or(TrialState::Stopped),
            // Without an epoch of training nothing was validated, and so nothing was ended.
            Ok(_) => {
                let reason = format!("{} has no training that could be judged", config.model);
                return Ok(failed(trial, reason));
            }
            Err(error) if self.concerns_all(&error) => return Err(SweepError::Train(error)),
            Err(error) => return Ok(failed(trial, error.to_string())),
        };
        trial.history = validations(&log, &self.spec.metric, usize::MAX)?;
        let value = trial.history.last().map(|last| last.kept);
        trial.value = value.filter(|value| value.is_finite());
        if trial.value.is_none() {
            let reported = reported(&log)?;
            if !reported.is_empty() && !reported.contains(&self.spec.metric) {
                return Err(SweepError::NoMetric {
                    metric: self.spec.metric.clone(),
                    reported,
                });
            }
            return Ok(failed(
                trial,
                format!("'{}' is not defined", self.spec.metric),
            ));
        }
        trial.state = state;
        Ok(trial)
    }

    /// Errors that do not come from the values of one trial.
    fn concerns_all(&self, error: &TrainError) -> bool {
        match error {
            TrainError::Run(_)
            | TrainError::Data(_)
            | TrainError::Device(_)
            | TrainError::Plot(_) => true,
            // Other members may be there, unless all trials have the same.
            TrainError::NoMembers { .. } => {
                let mut varied = self.spec.parameters.iter();
                !varied.any(|p| ["seeds", "resume"].contains(&p.key))
            }
            _ => false,
        }
    }
}

fn failed(mut trial: Trial, reason: String) -> Trial {
    trial.state = TrialState::Failed;
    trial.reason = Some(reason);
    trial
}

fn setting(values: &[(String, String)]) -> impl Iterator<Item = Override> + '_ {
    values
        .iter()
        .map(|(key, value)| Override::Set(format!("{key}={value}")))
}

fn coordinates(parameters: &[Parameter], values: &[(String, String)]) -> Option<Vec<f64>> {
    parameters
        .iter()
        .map(|parameter| {
            let found = values.iter().find(|(key, _)| key == parameter.key)?;
            parameter.domain.coordinate(&found.1)
        })
        .collect()
}
