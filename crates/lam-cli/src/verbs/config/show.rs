//! `lam config show`.

use std::path::PathBuf;

use clap::Args;
use lam_train::config::{Config, Override};

use crate::error::CliError;
use crate::printer::Printer;

/// Origins stand in this column unless a value reaches beyond it.
const ORIGIN_COLUMN: usize = 40;

const EXAMPLES: &str = "\
Examples:
  lam config show configs/quickstart.yaml
  lam config show configs/quickstart.yaml --set lr=1e-4 --set epochs=10

What is printed is a complete configuration itself.";

/// Show the value of every key and where it comes from
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowArgs {
    /// The configuration
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Override a key; can be repeated, later ones win
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

pub fn run(args: &ShowArgs, printer: &Printer) -> Result<(), CliError> {
    let overrides: Vec<Override> = args.set.iter().cloned().map(Override::Set).collect();
    let loaded = Config::load(&args.file, &overrides)?;
    for warning in &loaded.warnings {
        printer.warning(warning);
    }
    let paint = printer.paint();
    let mut section = "";
    for setting in loaded.config.settings() {
        if setting.section != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            section = setting.section;
            printer.out(format!("{gap}{}", paint.bold(format_args!("# {section}"))))?;
        }
        let line = format!("{}: {}", setting.key, setting.value);
        // YAML: a comment begins with a blank and '#'.
        let origin = paint.dim(format_args!("# {}", setting.origin));
        printer.out(format!("{line:<ORIGIN_COLUMN$} {origin}"))?;
    }
    Ok(())
}
