//! Figures and the HTML report, from plain numbers.
//!
//! Each figure is a small struct of inputs ([`Roc`], [`PrecisionRecall`], [`Calibration`],
//! [`Sparsification`], [`RiskCoverage`], [`UncertaintyHistogram`], [`Embedding`], [`RetrievalSheet`],
//! [`ContactSheet`], [`TrainingCurves`], [`SearchHistory`], [`SearchParameters`]) whose `figure()` gives a [`Figure`]: one
//! SVG document, and the same picture as PNG. [`Report`] gathers figures, tables and text in one self-contained HTML page.
//! [`Plane`] is the projection behind [`Embedding`], for pages that draw it themselves.
//!
//! Output is the same byte for byte for the same input. Values that are not finite are left out and
//! counted in a note; empty inputs give an empty figure that says so. Text is escaped, so class
//! names may hold anything.

mod axis;
mod error;
mod figure;
mod layout;
mod plot;
mod report;
mod save;
mod svg;

pub use error::PlotError;
pub use figure::{Figure, FigureFiles};
pub use plot::calibration::{Calibration, CalibrationModel, ReliabilityBin};
pub use plot::contact_sheet::{ContactRow, ContactSection, ContactSheet};
pub use plot::embedding::Embedding;
pub use plot::image::{Image, Pixels};
pub use plot::pca::Plane;
pub use plot::precision_recall::{PrCurve, PrecisionRecall};
pub use plot::retrieval_sheet::{Neighbour, Query, RetrievalSheet};
pub use plot::risk_coverage::{RiskCoverage, RiskCoverageCurve};
pub use plot::roc::{Roc, RocCurve};
pub use plot::search::{
    SearchHistory, SearchParameter, SearchParameters, SearchPoint, SearchValues,
};
pub use plot::sparsification::{Sparsification, SparsificationCurve};
pub use plot::training::{Series, TrainingCurves, TrainingPanel, VerticalScale};
pub use plot::uncertainty::{UncertaintyGroup, UncertaintyHistogram, UncertaintyPanel};
pub use report::{Block, Metric, Report, Section, Table};
