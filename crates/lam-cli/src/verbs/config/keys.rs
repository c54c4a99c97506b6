//! `lam config keys`.

use clap::Args;
use lam_train::config::key_specs;

use crate::error::CliError;
use crate::printer::Printer;
use crate::table;

const EXAMPLES: &str = "\
Examples:
  lam config keys
  lam config keys | grep hessian";

/// Show every key with default, accepted values and meaning
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct KeysArgs {}

pub fn run(_: &KeysArgs, printer: &Printer) -> Result<(), CliError> {
    let mut table = table::new(printer, &["key", "default", "accepts", "meaning"]);
    for spec in key_specs() {
        table.add_row([spec.key, &spec.default, &spec.expected, spec.doc]);
    }
    printer.out(table::text(&table))
}
