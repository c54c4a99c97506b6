//! `lam index remove`.

use std::path::PathBuf;

use clap::Args;
use lam_search::store::{ItemId, Writer};

use crate::error::CliError;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  lam index remove shop.index shoes/0017.jpg shoes/0018.jpg

All of them or, if one is not there, none. lam index build frees their room.";

/// Remove items from an index
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RemoveArgs {
    /// The index
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// Names of the items, as `lam search` shows them
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

pub fn run(args: &RemoveArgs, printer: &Printer) -> Result<(), CliError> {
    let mut writer = Writer::open(&args.index)?;
    let mut ids = Vec::with_capacity(args.ids.len());
    let mut unknown = Vec::new();
    for id in &args.ids {
        // A name first: numbers are the rare case.
        let text = ItemId::Text(id.clone());
        let number = id.parse::<u64>().ok().map(ItemId::Number);
        let candidates = [Some(text), number].into_iter().flatten();
        let mut known = None;
        for candidate in candidates {
            if known.is_none() && writer.slot(&candidate)?.is_some() {
                known = Some(candidate);
            }
        }
        match known {
            Some(id) => ids.push(id),
            None => unknown.push(id.as_str()),
        }
    }
    // All or nothing, so that a misspelt name does not go unnoticed among others.
    if !unknown.is_empty() {
        return Err(CliError::UnknownItems {
            index: args.index.clone(),
            ids: unknown.join(", "),
        });
    }
    let removed = writer.remove(&ids)?;
    printer.out(format!(
        "{}: {removed} items removed, {} left",
        args.index.display(),
        writer.view().len()
    ))
}
