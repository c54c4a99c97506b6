//! `lam eval`.

use std::path::PathBuf;

use clap::Args;
use lam_train::RunOptions;
use lam_train::run::OpenMode;

use crate::command_line;
use crate::device_args::DeviceArgs;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::RunProgress;
use crate::results;
use crate::retrieval::RiskArgs;

const EXAMPLES: &str = "\
Examples:
  lam eval runs/sample/quickstart/seed-1
  lam eval runs/sample/quickstart/seed-1 --calibrate
                                  make its confidence honest first
  lam eval runs/sample/quickstart/seed-1 --risk 0.05
                                          which answers to accept, so that at most 5 % of them are wrong

The run's own configuration and best checkpoint are used, so the numbers are those of the run. Metrics,
figures and report are written again.

With --risk, a threshold on the uncertainty is chosen on the images that the run held out of training:
with the probability of --confidence over those images, at most that share of the accepted answers is
wrong, by exact binomial tests in a fixed order. Conformal risk control of the share of all queries that
is accepted and wrong stands beside it. Both go to risk.json and the report, with what they take for
granted.";

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

    #[command(flatten)]
    risk: RiskArgs,

    #[command(flatten)]
    device: DeviceArgs,
}

pub fn run(args: &EvalArgs, printer: &Printer) -> Result<(), CliError> {
    let options = RunOptions {
        // The run keeps the name that it was given.
        name: String::new(),
        out: None,
        mode: OpenMode::Resume,
        data_dirs: args.data_dir.clone(),
        command: command_line::quoted(std::env::args_os()),
        risk: args.risk.request()?,
        calibrate: args.calibrate,
        device: args.device.device,
    };
    let mut progress = RunProgress::new(printer);
    let outcome = lam_train::evaluate_run(&args.run, &options, &mut progress);
    progress.finish();
    results::print(&outcome?, printer)
}
