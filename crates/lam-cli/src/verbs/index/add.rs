//! `lam index add`.

use std::path::PathBuf;

use clap::Args;
use lam_search::store::Writer;

use super::fill::{Known, fill};
use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{ModelArgs, SourceArgs, open_model, open_source};

/// Embed further pictures into an index
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The index
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// Pictures, as for `lam index create`
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
    let encoder = open_model(&args.index, &writer.view(), &args.model)?;
    let known = if args.replace {
        Known::Replace
    } else {
        Known::Refuse
    };
    let mut items = 0;
    for word in &args.sources {
        let (_, collection) = open_source(word, &args.source, &encoder)?;
        items += fill(
            &mut writer,
            &encoder,
            &collection,
            &args.prefix,
            known,
            printer,
        )?;
    }
    printer.out(format!(
        "{}: {items} items added, {} in all",
        args.index.display(),
        writer.view().len()
    ))
}
