//! The HTML report.

mod html;
mod page;

pub use page::{Block, Metric, Report, Section, Table};
