//! One posterior from several that were fitted on shards.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use lam_data::{DataError, FilePart};
use lam_laplace::curvature::Curvature;
use lam_model::StateDict;

use crate::TrainError;
use crate::checkpoint::{Checkpoint, CheckpointOrigin, MethodState};
use crate::config::{Calibrate, Config, DatasetChoice, FileParts, Method, Override};
use crate::method::{TEMPERATURE, take_prefixed};
use crate::observer::Observer;
use crate::run::{JsonLog, OpenMode, RunFolder, RunMetadata, RunMetrics, RunState, write_atomic};
use crate::session::{Outcome, RunOptions, evaluate_run};
use crate::starts::FROZEN_BACKBONE;
use crate::trainer::Trainer;

/// Keys in which the runs may differ: what they were fitted on, and where the head came from, whose weights are compared.
const MAY_DIFFER: &[&str] = &[
    "dataset",
    "labels",
    "test_features",
    "test_labels",
    "ood_dataset",
    "resume",
    "head_init",
    "lr",
    "calibrate",
];

/// A finished post hoc run.
struct Shard {
    path: PathBuf,
    config: Config,
    checkpoint: Checkpoint,
    /// The frozen backbone, where there is one.
    backbone: Option<Vec<u8>>,
}

impl Shard {
    fn open(path: &Path) -> Result<Self, TrainError> {
        let (folder, config) = RunFolder::open_existing(path)?;
        if config.model != Method::LaplacePosthoc {
            let reason = format!(
                "a run of {}: only posteriors of laplace_posthoc, which are sums, can be added up",
                config.model
            );
            return Err(wrong(path, reason));
        }
        if folder.state() != RunState::Finished {
            return Err(wrong(
                path,
                "not finished: let it end, or go on with it".to_owned(),
            ));
        }
        if config.subsample_pairs {
            let reason = "fitted with subsample_pairs, which draws other pairs for one fit than for several; fit it without";
            return Err(wrong(path, reason.to_owned()));
        }
        let backbone = folder.checkpoints().join(FROZEN_BACKBONE);
        let backbone = match fs::read(&backbone) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(wrong(&backbone, format!("cannot be read: {error}"))),
        };
        Ok(Self {
            path: path.to_owned(),
            config,
            checkpoint: Checkpoint::load(&Trainer::last(&folder))?,
            backbone,
        })
    }

    /// Names what keeps this run from being added to `first`.
    fn require_like(&self, first: &Self) -> Result<(), TrainError> {
        let different = |what: String| {
            let reason = format!("cannot be added to {}: {what}", first.path.display());
            Err(wrong(&self.path, reason))
        };
        let differences = self.config.differences(&first.config);
        let mut keys = differences.iter();
        if let Some(found) = keys.find(|found| !MAY_DIFFER.contains(&found.key)) {
            return different(format!("{found}"));
        }
        if self.backbone != first.backbone {
            return different("their frozen backbones differ".to_owned());
        }
        let (ours, theirs) = (self.model(), first.model());
        let names = theirs.keys().chain(ours.keys());
        for name in names {
            let reason = match (ours.get(name), theirs.get(name)) {
                (Some(a), Some(b)) => difference(a, b),
                (None, _) => Some("is missing".to_owned()),
                (_, None) => Some("is missing there".to_owned()),
            };
            if let Some(reason) = reason {
                return different(format!(
                    "{name} {reason}; posteriors add up around one and the same head (see --head of lam fit)"
                ));
            }
        }
        Ok(())
    }

    fn model(&self) -> StateDict {
        take_prefixed("model", &mut self.checkpoint.state.tensors.clone())
    }
}

fn wrong(path: &Path, reason: String) -> TrainError {
    TrainError::Merge {
        path: path.to_owned(),
        reason,
    }
}

/// What tells two tensors apart; none if they are the same to the bit.
fn difference(a: &TensorData, b: &TensorData) -> Option<String> {
    if a.shape() != b.shape() {
        return Some(format!("has shape {:?}, there {:?}", a.shape(), b.shape()));
    }
    if a.as_bytes() == b.as_bytes() {
        return None;
    }
    let pairs = a.iter::<f32>().zip(b.iter::<f32>());
    let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
    Some(format!("differs by up to {largest:.3e}"))
}

/// Adds up the curvature of finished post hoc runs on shards into a run at `out`, which is then evaluated on the data of
/// all: its posterior is that of one fit over all shards. The temperature is fitted anew.
///
/// Data that cannot be read leaves a run without results, which `lam eval` can have later.
///
/// # Errors
/// Runs that are unfinished, of another method, head or settings; see [`TrainError`].
pub fn merge(
    runs: &[PathBuf],
    out: &Path,
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let shards: Vec<Shard> = runs
        .iter()
        .map(|run| Shard::open(run))
        .collect::<Result<_, _>>()?;
    let Some((first, others)) = shards.split_first() else {
        return Err(wrong(out, "no runs to add up".to_owned()));
    };
    for (at, shard) in shards.iter().enumerate() {
        let same = shards[..at]
            .iter()
            .find(|other| same_data(&other.config, &shard.config));
        if let Some(same) = same {
            let reason = format!(
                "fitted on the data of {}, which would count twice",
                same.path.display()
            );
            return Err(wrong(&shard.path, reason));
        }
    }
    for other in others {
        other.require_like(first)?;
    }
    let config = merged_config(&shards)?;
    let name = out
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let folder = RunFolder::open(out, &config, options.mode)?;
    if folder.state() == RunState::Finished && options.mode == OpenMode::Resume {
        return Ok(Outcome {
            metrics: RunMetrics::read(&folder.metrics_json())?,
            folder: folder.path().to_owned(),
            report: folder.report(),
            risk: None,
            was_finished: true,
        });
    }
    if let Some(backbone) = &first.backbone {
        write_atomic(&folder.checkpoints().join(FROZEN_BACKBONE), backbone)?;
    }
    let mut progress = first.checkpoint.origin.progress.clone();
    progress.global_step = shards
        .iter()
        .map(|s| s.checkpoint.origin.progress.global_step)
        .sum();
    progress.best = None;
    JsonLog::create(&folder.log())?;
    Checkpoint {
        state: sum(&shards)?,
        origin: CheckpointOrigin {
            name: name.clone(),
            progress,
            config: config.to_yaml(),
        },
    }
    .save(&Trainer::last(&folder))?;
    drop(folder);
    observer.note(&format!("added up the curvature of {} runs", shards.len()));
    if !config.dataset.is_features() {
        observer.note(&format!(
            "evaluated on the data of {}: images of several sources are no data set",
            first.path.display()
        ));
    }
    let options = RunOptions {
        name: name.clone(),
        calibrate: config.calibrate == Calibrate::Temperature,
        ..options.clone()
    };
    match evaluate_run(out, &options, observer) {
        Err(TrainError::Data(error)) if is_absence(&error) => {
            observer.note(&format!(
                "not evaluated, and the temperature stays 1, since the data is not there ({error}); where it is, `lam eval {} --calibrate` does both",
                out.display()
            ));
            let metadata = RunMetadata::of(&config, &name);
            let metrics = RunMetrics::new(metadata, Vec::new())?;
            let (folder, _) = RunFolder::open_existing(out)?;
            metrics.write(&folder)?;
            Ok(Outcome {
                metrics,
                folder: out.to_owned(),
                report: folder.report(),
                risk: None,
                was_finished: false,
            })
        }
        outcome => outcome,
    }
}

/// Whether a file is not there or may not be read.
fn is_absence(error: &DataError) -> bool {
    matches!(
        error,
        DataError::Io { .. } | DataError::FilesNotFound(_) | DataError::Layout(_)
    )
}

/// Whether two runs were fitted on the same files.
fn same_data(a: &Config, b: &Config) -> bool {
    match (&a.dataset, &b.dataset) {
        (DatasetChoice::Features(a), DatasetChoice::Features(b)) => {
            a.iter().any(|file| b.contains(file))
        }
        (a, b) => a == b,
    }
}

/// The sum of the curvature around the common head, by the method itself.
fn sum(shards: &[Shard]) -> Result<MethodState, TrainError> {
    let empty = || wrong(Path::new(""), "no runs to add up".to_owned());
    let (first, others) = shards.split_first().ok_or_else(empty)?;
    let mut state = first.checkpoint.state.clone();
    // Of the sum nothing is known yet.
    state.tensors.remove(TEMPERATURE);
    let curvature =
        |shard: &Shard| take_prefixed("curvature", &mut shard.checkpoint.state.tensors.clone());
    let mut total = take_prefixed("curvature", &mut state.tensors);
    for other in others {
        total = Curvature::merge_states(&total, &curvature(other))?;
    }
    let named = |(name, data)| (format!("curvature.{name}"), data);
    state.tensors.extend(total.into_iter().map(named));
    Ok(state)
}

/// The configuration of one fit over the data of all shards.
fn merged_config(shards: &[Shard]) -> Result<Config, TrainError> {
    let [first, ..] = shards else {
        return Err(wrong(Path::new(""), "no runs to add up".to_owned()));
    };
    let mut overrides = Vec::new();
    if first.config.dataset.is_features() {
        let (mut files, mut labels) = (FileParts::new(), FileParts::new());
        let (mut test, mut test_labels) = (FileParts::new(), FileParts::new());
        // Whether all labels are in the files of vectors themselves, and need not be named.
        let mut inside = true;
        for shard in shards {
            let DatasetChoice::Features(own) = &shard.config.dataset else {
                let reason = "fitted on images, and the first run on vectors".to_owned();
                return Err(wrong(&shard.path, reason));
            };
            let config = &shard.config;
            files.extend(own.iter().cloned());
            labels.extend(labels_of(own, &config.labels));
            inside &= config.labels.is_empty() && config.test_labels.is_empty();
            let tested = config.test_features.iter().cloned();
            for (file, label) in tested.zip(labels_of(&config.test_features, &config.test_labels)) {
                if !test.contains(&file) {
                    test.push(file);
                    test_labels.push(label);
                }
            }
        }
        let without = |config: &Config| config.test_features.is_empty();
        let unlike = shards
            .iter()
            .find(|s| without(&s.config) != without(&first.config));
        if let Some(unlike) = unlike {
            let reason = "one of the runs has test_features and the other has not".to_owned();
            return Err(wrong(&unlike.path, reason));
        }
        if inside {
            labels.clear();
            test_labels.clear();
        }
        let dataset = DatasetChoice::Features(files);
        overrides.push(Override::flag("lam merge", "dataset", &dataset));
        overrides.push(Override::flag("lam merge", "labels", &labels));
        overrides.push(Override::flag("lam merge", "test_features", &test));
        overrides.push(Override::flag("lam merge", "test_labels", &test_labels));
    }
    let calibrated = shards
        .iter()
        .any(|s| s.config.calibrate == Calibrate::Temperature);
    if calibrated {
        let flag = Override::flag("lam merge", "calibrate", &Calibrate::Temperature);
        overrides.push(flag);
    }
    let text = first.config.to_yaml();
    Ok(Config::parse(&text, &first.path.join("config.yaml"), &overrides)?.config)
}

/// Where the labels of each file are: in a file of their own, or in the file itself.
fn labels_of(files: &[FilePart], labels: &[FilePart]) -> Vec<FilePart> {
    if labels.is_empty() {
        return files
            .iter()
            .map(|part| FilePart::file(&part.file))
            .collect();
    }
    labels.to_vec()
}
