//! What is shown while work goes on.

mod download;
mod run;
mod stage;
pub mod units;

pub use download::DownloadProgress;
pub use run::RunProgress;
pub use stage::{Counting, Stage};
