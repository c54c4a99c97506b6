//! `lam config`: what configurations say and may say.

mod check;
mod keys;
mod show;

use clap::Subcommand;

use crate::error::CliError;
use crate::printer::Printer;

/// Check, resolve and explain configurations
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    Check(check::CheckArgs),
    Show(show::ShowArgs),
    Keys(keys::KeysArgs),
}

pub fn run(verb: &ConfigVerb, printer: &Printer) -> Result<(), CliError> {
    match verb {
        ConfigVerb::Check(args) => check::run(args, printer),
        ConfigVerb::Show(args) => show::run(args, printer),
        ConfigVerb::Keys(args) => keys::run(args, printer),
    }
}
