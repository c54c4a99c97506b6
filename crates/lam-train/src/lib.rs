//! Methods, configuration, the loop, checkpoints, evaluation, run folder.

pub mod bench;
pub mod calibrate;
pub mod checkpoint;
pub mod config;
pub mod contact_sheet;
pub mod data;
pub mod device;
mod embed_collection;
mod error;
pub mod evaluate;
pub mod fit;
mod freeze;
mod members;
pub mod merge;
pub mod method;
pub mod metric;
pub mod observer;
pub mod pretrained;
mod process;
pub mod randomness;
pub mod run;
mod run_encoder;
mod session;
pub mod starts;
pub mod sweep;
mod trainer;

pub use embed_collection::embed_collection;
pub use error::TrainError;
pub use members::member_overrides;
pub use process::prepare_process;
pub use run_encoder::{EncoderOptions, RunEncoder};
pub use session::{Outcome, RunOptions, evaluate_run, train};
pub use trainer::SELECTING_METRIC;
