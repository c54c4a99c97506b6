//! The folder of a run: what is written there, and how nothing good is ever replaced by something
//! half-written.

mod atomic;
mod curves;
mod error;
mod folder;
mod log;
mod metrics;
mod tensorboard;

pub use atomic::{write_atomic, write_atomic_with};
pub use curves::{ConfidenceBin, Line, RunCurves};
pub use error::RunError;
pub(crate) use folder::lock;
pub use folder::{OpenMode, RunFolder, RunState};
pub use log::{JsonLog, read_log};
pub use metrics::{RunMetadata, RunMetrics};
pub(crate) use metrics::{csv_cell, csv_number};
pub use tensorboard::EventWriter;
