//! `lam merge`.

use std::path::PathBuf;

use clap::Args;
use lam_train::RunOptions;
use lam_train::merge::merge;
use lam_train::run::OpenMode;

use crate::command_line;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::RunProgress;
use crate::results;

const EXAMPLES: &str = "\
Examples:
  lam merge runs/a runs/b -o runs/ab

The runs were fitted with `lam fit` on different files, around the same head and with the same settings:
with --identity-head, or with --head. Their sum is what one fit over all files would have given, whatever
the order. Its temperature is fitted anew, and it is evaluated on the test rows of all files; where these
cannot be read from here, that is left to `lam eval`.";

/// Add up posteriors that were fitted on shards
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct MergeArgs {
    /// Finished runs of laplace_posthoc
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<PathBuf>,

    /// The run folder of the sum
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Replace the run that is in the folder
    #[arg(long)]
    overwrite: bool,
}

pub fn run(args: &MergeArgs, printer: &Printer) -> Result<(), CliError> {
    let options = RunOptions {
        name: String::new(),
        out: None,
        mode: if args.overwrite {
            OpenMode::Overwrite
        } else {
            OpenMode::New
        },
        data_dirs: Vec::new(),
        command: command_line::quoted(std::env::args_os()),
        risk: None,
        calibrate: false,
        device: None,
    };
    let mut progress = RunProgress::new(printer);
    let outcome = merge(&args.runs, &args.out, &options, &mut progress);
    progress.finish();
    let outcome = outcome?;
    if outcome.metrics.values().is_empty() {
        printer.out(format!("run      {}", outcome.folder.display()))?;
        return Ok(());
    }
    results::print(&outcome, printer)
}
