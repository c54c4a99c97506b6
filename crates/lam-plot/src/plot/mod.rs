//! The figures, one a file.

pub(crate) mod calibration;
mod chart;
pub(crate) mod contact_sheet;
pub(crate) mod embedding;
pub(crate) mod image;
pub(crate) mod pca;
pub(crate) mod precision_recall;
pub(crate) mod retrieval_sheet;
pub(crate) mod risk_coverage;
pub(crate) mod roc;
pub(crate) mod search;
pub(crate) mod sparsification;
mod sphere;
pub(crate) mod training;
pub(crate) mod uncertainty;
