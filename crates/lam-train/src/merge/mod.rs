//! One posterior from several that were fitted on shards.

mod config;
mod shard;

use std::path::{Path, PathBuf};

use lam_data::DataError;
use lam_laplace::curvature::Curvature;

use self::config::merged_config;
use self::shard::{Shard, wrong};
use crate::TrainError;
use crate::checkpoint::{Checkpoint, CheckpointOrigin, MethodState};
use crate::config::Calibrate;
use crate::method::{TEMPERATURE, take_prefixed};
use crate::observer::Observer;
use crate::run::{JsonLog, OpenMode, RunFolder, RunMetadata, RunMetrics, RunState, write_atomic};
use crate::session::{Outcome, RunOptions, evaluate_run};
use crate::starts::FROZEN_BACKBONE;
use crate::trainer::Trainer;

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
        let same = shards[..at].iter().find(|other| other.has_data_of(shard));
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
    let config = merged_config(first, &shards)?;
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
        state: sum(first, others)?,
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

/// The sum of the curvature around the common head, by the method itself.
fn sum(first: &Shard, others: &[Shard]) -> Result<MethodState, TrainError> {
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
