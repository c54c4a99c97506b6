//! From a predictor to metrics, figures and a report.

mod baseline_table;
mod embed;
mod measure;
pub(crate) mod report;
mod risk;
pub(crate) mod risk_report;
mod sheets;
mod training;

pub use embed::{EmbeddedSet, embed};
pub use measure::{EmbeddedGallery, Evaluation, Sets, evaluate};
pub use risk::{RiskReport, RiskRequest, control_risk};
