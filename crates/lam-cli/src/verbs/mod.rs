//! One file per verb.

mod bench;
mod config;
mod data;
mod devices;
mod embed;
mod eval;
mod export;
mod fit;
mod index;
mod merge;
mod search;
mod serve;
mod sweep;
mod train;

use clap::Subcommand;

use crate::error::CliError;
use crate::printer::Printer;

#[derive(Debug, Subcommand)]
pub enum Verb {
    Train(train::TrainArgs),
    Eval(eval::EvalArgs),
    Fit(fit::FitArgs),
    Merge(merge::MergeArgs),
    Bench(bench::BenchArgs),
    Sweep(sweep::SweepArgs),
    Embed(embed::EmbedArgs),
    #[command(subcommand)]
    Index(index::IndexVerb),
    Search(search::SearchArgs),
    Serve(serve::ServeArgs),
    Export(export::ExportArgs),
    #[command(subcommand)]
    Data(data::DataVerb),
    #[command(subcommand)]
    Config(config::ConfigVerb),
    Devices(devices::DevicesArgs),
}

/// Does what a verb says.
pub fn run(verb: &Verb, printer: &Printer) -> Result<(), CliError> {
    match verb {
        Verb::Train(args) => train::run(args, printer),
        Verb::Eval(args) => eval::run(args, printer),
        Verb::Fit(args) => fit::run(args, printer),
        Verb::Merge(args) => merge::run(args, printer),
        Verb::Bench(args) => bench::run(args, printer),
        Verb::Sweep(args) => sweep::run(args, printer),
        Verb::Embed(args) => embed::run(args, printer),
        Verb::Index(verb) => index::run(verb, printer),
        Verb::Search(args) => search::run(args, printer),
        Verb::Serve(args) => serve::run(args, printer),
        Verb::Export(args) => export::run(args, printer),
        Verb::Data(verb) => data::run(verb, printer),
        Verb::Config(verb) => config::run(verb, printer),
        Verb::Devices(args) => devices::run(args, printer),
    }
}
