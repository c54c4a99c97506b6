//! `lam eval`.

use std::path::PathBuf;

use clap::Args;
use lam_train::RunOptions;
use lam_train::run::OpenMode;

use crate::command_line;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::RunProgress;
use crate::results;

const EXAMPLES: &str = "\
Examples:
  lam eval runs/sample/quickstart/seed-1
  lam eval runs/sample/quickstart/seed-1 --calibrate
                                  make its confidence honest first

The run's own configuration and best checkpoint are used, so the numbers are those of the run. Metrics,
figures and report are written again.";

/// Repeat the evaluation of a run from its checkpoint
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct EvalArgs {
    /// The run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Look for data sets in this folder first; can be repeated
    #[arg(long, value_name = "DIR")]
    data_dir: Vec<PathBuf>,

    /// Fit the posterior's temperature on the run's held-out images first, and keep it with the model
    #[arg(long)]
    calibrate: bool,
}

pub fn run(args: &EvalArgs, printer: &Printer) -> Result<(), CliError> {
    let options = RunOptions {
        // The run keeps the name that it was given.
        name: String::new(),
        out: None,
        mode: OpenMode::Resume,
        data_dirs: args.data_dir.clone(),
        command: command_line::quoted(std::env::args_os()),
        calibrate: args.calibrate,
    };
    let mut progress = RunProgress::new(printer);
    let outcome = lam_train::evaluate_run(&args.run, &options, &mut progress);
    progress.finish();
    results::print(&outcome?, printer)
}
