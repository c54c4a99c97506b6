//! From a predictor to metrics, figures and a report.

mod embed;
mod measure;
pub(crate) mod report;
mod sheets;
mod training;

pub use embed::{EmbeddedSet, embed};
pub use measure::{Evaluation, Sets, evaluate};
