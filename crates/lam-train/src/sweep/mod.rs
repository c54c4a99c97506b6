//! Search over configurations: grid, random and Bayesian, with hopeless runs ended early.
//!
//! A sweep selects on the validation metric of held-out data and never looks at the test set: its trials end with their
//! last validation, and only a run of the best configuration is evaluated.

mod base;
mod best;
mod domain;
mod error;
mod history;
mod normal;
mod reader;
mod report;
mod run;
mod search;
mod spec;
mod stopping;
mod tpe;
mod trials;
mod watch;

pub use domain::{Domain, Numeric, Parameter};
pub use error::SweepError;
pub use history::{Validation, validations};
pub use report::{SweepFiles, trials_csv};
pub use run::{Sweep, SweepObserver, SweepOptions};
pub use search::{Observed, grid_size, suggest};
pub use spec::{Goal, SearchMethod, SweepSpec};
pub use stopping::Stopping;
pub use trials::{Trial, TrialState, TrialTable};
