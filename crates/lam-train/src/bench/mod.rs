//! Several configurations, several seeds: runs what is missing, and compares what is there.

mod average;
mod error;
mod execute;
mod files;
mod members;
mod plan;
mod report;
mod seeds;
mod statistics;
mod summary;
mod table;

pub use average::average_curves;
pub use error::BenchError;
pub use execute::{BenchObserver, BenchOptions, execute};
pub use files::{BenchFiles, csv, json, markdown, runs_csv};
pub use plan::{Plan, PlannedConfig, PlannedRun, look};
pub use report::report;
pub use seeds::{SeedError, parse_seeds};
pub use statistics::Statistic;
pub use summary::{ConfigSummary, RunStatus, Summary};
pub use table::{Cell, ComparisonTable, baseline_table, main_table, missing_table};
