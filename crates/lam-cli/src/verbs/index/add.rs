//! `lam index add`.

use std::path::PathBuf;

use clap::Args;
use lam_retrieve::IndexModel;
use lam_search::store::Writer;

use super::fill::{Known, fill};
use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{Model, ModelArgs, Source, SourceArgs};

const EXAMPLES: &str = "\
Examples:
  lam index add shop.index new-photos/ --prefix new/
  lam index add shop.index new-photos/ --replace          photographs of the same name give way

Items come in one after the other in portions; a portion is on the disk as a whole or not at all.";

/// Embed further pictures or vectors into an index
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct AddArgs {
    /// The index
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// Pictures or vectors, as for `lam index create`
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<String>,

    /// Put this before the name of every picture
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,

    /// A picture whose name is in the index takes the place of the other
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    model: ModelArgs,

    #[command(flatten)]
    source: SourceArgs,
}

pub fn run(args: &AddArgs, printer: &Printer) -> Result<(), CliError> {
    let mut writer = Writer::open(&args.index)?;
    let model = Model::of_index(&args.index, &writer.view(), &args.model)?;
    let known = if args.replace {
        Known::Replace
    } else {
        Known::Refuse
    };
    let mut items = 0;
    for word in &args.sources {
        let source = Source::open(word, &args.source, &model)?;
        let mut made_with = IndexModel::load(&args.index)?.unwrap_or_default();
        if made_with.add_pictures(source.roots()) {
            made_with.save(&args.index)?;
        }
        items += fill(&mut writer, &model, &source, &args.prefix, known, printer)?;
    }
    printer.out(format!(
        "{}: {items} items added, {} in all",
        args.index.display(),
        writer.view().len()
    ))
}
