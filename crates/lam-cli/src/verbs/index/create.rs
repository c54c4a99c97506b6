//! `lam index create`.

use std::path::PathBuf;

use clap::Args;
use lam_retrieve::{Encoder, IndexModel};
use lam_search::store::{Spec, Writer};
use lam_train::{EncoderOptions, RunEncoder};

use super::fill::{Known, fill};
use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{SourceArgs, open_source};

const EXAMPLES: &str = "\
Examples:
  lam index create shop.index runs/shop/seed-1 photos/
  lam index create fashion.index runs/fashionmnist/best/seed-1 fashionmnist:train
  find photos -name '*.jpg' | lam index create shop.index runs/shop/seed-1 -

SOURCE is a folder (the class of a picture is the folder it lies in), a CSV table with the column path, and
label where it is known, a picture, the name of a data set with :train or :test, or - for paths on standard
input. Any picture will do: it is shown to the run as those that the run was trained on.";

/// Embed pictures with a run and keep them in a new index
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CreateArgs {
    /// The folder to make
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// The run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Pictures; none make an empty index
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,

    /// Put this before the name of every picture
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,

    #[command(flatten)]
    source: SourceArgs,
}

pub fn run(args: &CreateArgs, printer: &Printer) -> Result<(), CliError> {
    let encoder = RunEncoder::open(&args.run, EncoderOptions::default())?;
    // Before the folder is made: what cannot be read must not leave an empty index behind.
    let collections = args
        .sources
        .iter()
        .map(|word| Ok(open_source(word, &args.source, &encoder)?.1));
    let collections = collections.collect::<Result<Vec<_>, CliError>>()?;
    let probe = encoder.embed_values(vec![0.0; encoder.input_shape().numel()])?;
    let mut writer = Writer::create(
        &args.index,
        Spec {
            dim: probe.dim,
            spread: probe.sigmas.is_some(),
            fingerprint: encoder.fingerprint(),
        },
    )?;
    let run = std::fs::canonicalize(&args.run).unwrap_or_else(|_| args.run.clone());
    IndexModel { run }.save(&args.index)?;
    let mut items = 0;
    for collection in &collections {
        items += fill(
            &mut writer,
            &encoder,
            collection,
            &args.prefix,
            Known::Refuse,
            printer,
        )?;
    }
    // The log becomes a snapshot, which is mapped and not read.
    writer.compact()?;
    printer.out(format!(
        "{}: {items} items of size {}, {}",
        args.index.display(),
        probe.dim,
        if probe.sigmas.is_some() {
            "with their spread"
        } else {
            "without uncertainty: the run's method has none"
        }
    ))
}
