//! The `lam` program: arguments and printing; the work is done by the other crates.

mod cli;
mod command_line;
mod device_args;
mod error;
mod paint;
mod printer;
mod progress;
mod results;
mod retrieval;
mod table;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use error::CliError;
use printer::Printer;

/// 0 success, 1 failed work, 2 wrong use.
fn main() -> ExitCode {
    // Wrong arguments, --help and --version end the program here, the first with 2.
    let cli = Cli::parse();
    lam_train::prepare_process();
    let printer = Printer::new(cli.quiet);
    match run(&cli, &printer) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has read enough.
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            printer.error(&error);
            error.exit_code()
        }
    }
}

fn run(cli: &Cli, printer: &Printer) -> Result<(), CliError> {
    verbs::run(&cli.verb, printer)
}
