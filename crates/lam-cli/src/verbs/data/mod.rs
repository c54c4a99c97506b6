//! `lam data`: what is there, and how to get the rest.

mod check;
mod fetch;
mod list;

use clap::Subcommand;

use crate::error::CliError;
use crate::printer::Printer;

/// List data sets, look through them and download them
#[derive(Debug, Subcommand)]
pub enum DataVerb {
    List(list::ListArgs),
    Check(check::CheckArgs),
    Fetch(fetch::FetchArgs),
}

pub fn run(verb: &DataVerb, printer: &Printer) -> Result<(), CliError> {
    match verb {
        DataVerb::List(args) => list::run(args, printer),
        DataVerb::Check(args) => check::run(args, printer),
        DataVerb::Fetch(args) => fetch::run(args, printer),
    }
}
