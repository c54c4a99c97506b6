//! `lam index`: one file per verb.

mod add;
mod build;
mod calibrate;
mod create;
mod fill;
mod info;
mod remove;

use clap::Subcommand;

use crate::error::CliError;
use crate::printer::Printer;

/// Make, change and describe an index of embeddings with uncertainty
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum IndexVerb {
    Create(create::CreateArgs),
    Add(add::AddArgs),
    Remove(remove::RemoveArgs),
    Build(build::BuildArgs),
    Calibrate(calibrate::CalibrateArgs),
    Info(info::InfoArgs),
}

const EXAMPLES: &str = "\
Examples:
  lam index create shop.index runs/shop/seed-1 photos/    embed a folder and keep it
  lam index calibrate shop.index held-out/                learn how often it is right, from labelled pictures
  lam index build shop.index                              a graph for --approximate, and its recall
  lam search shop.index query.jpg --risk 0.05             look something up

An index is a folder. Every change is on the disk when the command ends; a kill in the middle loses nothing
that was acknowledged.";

/// Does what a verb says.
pub fn run(verb: &IndexVerb, printer: &Printer) -> Result<(), CliError> {
    match verb {
        IndexVerb::Create(args) => create::run(args, printer),
        IndexVerb::Add(args) => add::run(args, printer),
        IndexVerb::Remove(args) => remove::run(args, printer),
        IndexVerb::Build(args) => build::run(args, printer),
        IndexVerb::Calibrate(args) => calibrate::run(args, printer),
        IndexVerb::Info(args) => info::run(args, printer),
    }
}
