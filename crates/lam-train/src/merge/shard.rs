//! A run that is added up with others.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use lam_model::StateDict;

use crate::TrainError;
use crate::checkpoint::Checkpoint;
use crate::config::{Config, DatasetChoice, Method};
use crate::method::take_prefixed;
use crate::run::{RunFolder, RunState};
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
pub(super) struct Shard {
    pub path: PathBuf,
    pub config: Config,
    pub checkpoint: Checkpoint,
    /// The frozen backbone, where there is one.
    pub backbone: Option<Vec<u8>>,
}

impl Shard {
    pub fn open(path: &Path) -> Result<Self, TrainError> {
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
    pub fn require_like(&self, first: &Self) -> Result<(), TrainError> {
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

    /// Whether both were fitted on the same files.
    pub fn has_data_of(&self, other: &Self) -> bool {
        match (&self.config.dataset, &other.config.dataset) {
            (DatasetChoice::Features(own), DatasetChoice::Features(others)) => {
                own.iter().any(|file| others.contains(file))
            }
            (own, others) => own == others,
        }
    }

    fn model(&self) -> StateDict {
        take_prefixed("model", &mut self.checkpoint.state.tensors.clone())
    }
}

pub(super) fn wrong(path: &Path, reason: String) -> TrainError {
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
