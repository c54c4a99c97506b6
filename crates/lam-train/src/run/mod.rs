//! The folder of a run: what is written there, and how nothing good is ever replaced by something
//! half-written.

mod atomic;
mod error;
mod folder;
mod log;
mod metrics;
mod tensorboard;

pub use atomic::{write_atomic, write_atomic_with};
pub use error::RunError;
pub use folder::{OpenMode, RunFolder, RunState};
pub use log::{JsonLog, read_log};
pub use metrics::{RunMetadata, RunMetrics};
pub use tensorboard::EventWriter;
