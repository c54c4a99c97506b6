//! `lam config check`.

use std::path::PathBuf;

use clap::Args;
use lam_train::config::Config;

use crate::error::CliError;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  lam config check configs/quickstart.yaml
  lam config check configs/*/*.yaml

Exit status: 0 if all files are right, 2 if any is wrong.";

/// Check configurations and report everything that is wrong with them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub fn run(args: &CheckArgs, printer: &Printer) -> Result<(), CliError> {
    let mut wrong = 0;
    for file in &args.files {
        match Config::load(file, &[]) {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    printer.warning(warning);
                }
                printer.out(format!(
                    "{}: {}",
                    file.display(),
                    printer.paint().good("OK")
                ))?;
            }
            Err(error) => {
                wrong += 1;
                printer.error(&error.into());
            }
        }
    }
    if wrong == 0 {
        return Ok(());
    }
    Err(CliError::WrongConfigs {
        wrong,
        checked: args.files.len(),
    })
}
