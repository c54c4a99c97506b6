//! Weights, posterior and all that exact resume needs, in one safetensors file.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use burn::tensor::TensorData;
use lam_model::StateDict;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::run::write_atomic;

/// Key of the safetensors metadata that holds all but the tensors, as JSON. One key only: several would be written in
/// an order that differs from run to run.
const METADATA_KEY: &str = "lam";
/// Name of the tensor of bytes that holds the optimiser's state.
const OPTIMIZER_TENSOR: &str = "optimizer";
/// Larger files are not ours.
const MAX_BYTES: u64 = 16 << 30;

/// How far a run has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Epochs that are complete.
    pub epoch: usize,
    /// Steps of the next epoch that are done.
    pub step_in_epoch: usize,
    /// Steps of all epochs.
    pub global_step: u64,
    /// Sum of the losses of `step_in_epoch` steps.
    pub loss_sum: f64,
    /// The best value of the selecting metric so far, and the epochs that were complete then.
    pub best: Option<(f64, usize)>,
}

/// What a method has learnt.
#[derive(Debug, Clone, Default)]
pub struct MethodState {
    /// Weights and posterior by name.
    pub tensors: StateDict,
    /// The optimiser's state, opaque.
    pub optimizer: Vec<u8>,
}

/// A checkpoint in memory.
#[derive(Debug, Clone, Default)]
pub struct Checkpoint {
    /// What the method has learnt.
    pub state: MethodState,
    /// How far it came, and in which run.
    pub origin: CheckpointOrigin,
}

/// Where a checkpoint comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckpointOrigin {
    /// The configuration's name.
    pub name: String,
    /// How far the run had come.
    pub progress: Progress,
    /// The resolved configuration, YAML.
    pub config: String,
}

impl Checkpoint {
    /// Writes the file; what stood there before is replaced whole or not at all.
    ///
    /// # Errors
    /// The path and the system's reason.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let failed = |reason: String| TrainError::Checkpoint {
            path: path.to_owned(),
            reason,
        };
        let mut views = BTreeMap::new();
        for (name, data) in &self.state.tensors {
            let shape = data.shape().to_vec();
            let view = TensorView::new(Dtype::F32, shape, data.as_bytes())
                .map_err(|e| failed(format!("{name} cannot be stored: {e}")))?;
            views.insert(name.as_str(), view);
        }
        if !self.state.optimizer.is_empty() {
            let bytes = &self.state.optimizer;
            let view = TensorView::new(Dtype::U8, vec![bytes.len()], bytes)
                .map_err(|e| failed(format!("the optimiser's state cannot be stored: {e}")))?;
            views.insert(OPTIMIZER_TENSOR, view);
        }
        let origin = serde_json::to_string(&self.origin).map_err(|e| failed(e.to_string()))?;
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), origin)]);
        let bytes =
            safetensors::serialize(views, Some(metadata)).map_err(|e| failed(e.to_string()))?;
        Ok(write_atomic(path, &bytes)?)
    }

    /// Reads a file that [`Checkpoint::save`] wrote.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] where the file is missing, damaged or not a checkpoint.
    pub fn load(path: &Path) -> Result<Self, TrainError> {
        let failed = |reason: String| TrainError::Checkpoint {
            path: path.to_owned(),
            reason,
        };
        let length = std::fs::metadata(path)
            .map_err(|e| failed(format!("cannot read the checkpoint: {e}")))?
            .len();
        if length > MAX_BYTES {
            return Err(failed(format!(
                "{length} bytes are too many for a checkpoint"
            )));
        }
        let bytes =
            std::fs::read(path).map_err(|e| failed(format!("cannot read the checkpoint: {e}")))?;
        let damaged = |e: String| {
            failed(format!(
                "not a complete checkpoint ({e}): train again with --overwrite"
            ))
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(e.to_string()))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let origin = metadata
            .get(METADATA_KEY)
            .ok_or_else(|| damaged(format!("no '{METADATA_KEY}' in its metadata")))?;
        let origin = serde_json::from_str(origin).map_err(|e| damaged(e.to_string()))?;
        let mut state = MethodState::default();
        let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged(e.to_string()))?;
        for (name, view) in file.tensors() {
            match view.dtype() {
                Dtype::U8 if name == OPTIMIZER_TENSOR => state.optimizer = view.data().to_vec(),
                Dtype::F32 => {
                    let values: Vec<f32> = view
                        .data()
                        .chunks_exact(4)
                        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                        .collect();
                    state
                        .tensors
                        .insert(name, TensorData::new(values, view.shape().to_vec()));
                }
                other => return Err(damaged(format!("{name} has type {other:?}"))),
            }
        }
        Ok(Self { state, origin })
    }
}
