//! `lam index create`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use lam_retrieve::{IndexModel, plain_fingerprint};
use lam_search::store::{Spec, Writer};

use super::fill::{Known, fill};
use crate::device_args::DeviceArgs;
use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{Model, Source, SourceArgs, spec_of};

const EXAMPLES: &str = "\
Examples:
  lam index create shop.index runs/shop/seed-1 photos/
  lam index create fashion.index runs/fashionmnist/best/seed-1 fashionmnist:train
  find photos -name '*.jpg' | lam index create shop.index runs/shop/seed-1 -
  lam index create clip.index runs/clip/seed-1 features.npy      a run of `lam fit`
  lam index create plain.index --vectors embeddings.parquet      no run: distances, no uncertainty of their own

SOURCE is a folder (the class of a picture is the folder it lies in), a CSV table with the column path, and
label where it is known, a picture, the name of a data set with :train or :test, or - for paths on standard
input. Any picture will do: it is shown to the run as those that the run was trained on. A file of `lam embed`
by the same run is taken as it is.";

/// Embed pictures or vectors with a run and keep them in a new index
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CreateArgs {
    /// The folder to make
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// The run folder, then pictures, or features for a run of `lam fit`; none make an empty index. With --vectors, files of
    /// vectors only
    #[arg(value_name = "RUN SOURCE", required = true)]
    words: Vec<String>,

    /// There is no run: vectors are directions as they are, from .npy, .safetensors or .parquet
    #[arg(long)]
    vectors: bool,

    /// Put this before the name of every picture
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,

    #[command(flatten)]
    device: DeviceArgs,

    #[command(flatten)]
    source: SourceArgs,
}

pub fn run(args: &CreateArgs, printer: &Printer) -> Result<(), CliError> {
    let (model, words) = if args.vectors {
        (Model::Plain, args.words.as_slice())
    } else {
        let (run, words) = args.words.split_first().unzip();
        let run = run.map_or("", String::as_str);
        (
            Model::of_run(Path::new(run), args.device)?,
            words.unwrap_or_default(),
        )
    };
    // Before the folder is made: what cannot be read must not leave an empty index behind.
    let sources = words
        .iter()
        .map(|word| Source::open(word, &args.source, &model));
    let sources = sources.collect::<Result<Vec<_>, CliError>>()?;
    let spec = match model.run() {
        Some(run) => spec_of(run)?,
        None => plain_spec(&sources)?,
    };
    let mut writer = Writer::create(&args.index, spec)?;
    let run = model.run().map(|run| {
        let absolute = std::fs::canonicalize(run.path());
        absolute.unwrap_or_else(|_| run.path().to_owned())
    });
    let mut made_with = IndexModel {
        run,
        pictures: Vec::new(),
    };
    for source in &sources {
        made_with.add_pictures(source.roots());
    }
    made_with.save(&args.index)?;
    let mut items = 0;
    for source in &sources {
        items += fill(
            &mut writer,
            &model,
            source,
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
        spec.dim,
        if spec.spread {
            "with their spread"
        } else {
            "without uncertainty: lam fit adds it to vectors, a posterior to a run"
        }
    ))
}

/// What an index of vectors without a run is like.
fn plain_spec(sources: &[Source]) -> Result<Spec, CliError> {
    let dims: BTreeSet<(usize, bool)> = sources.iter().filter_map(Source::vectors).collect();
    let mut dims = dims.into_iter();
    match (dims.next(), dims.next()) {
        (Some((dim, spread)), None) => Ok(Spec {
            dim,
            spread,
            fingerprint: plain_fingerprint(dim),
        }),
        (None, _) => Err(CliError::Usage(
            "--vectors takes at least one file".to_owned(),
        )),
        (Some(one), Some(other)) => Err(CliError::Usage(format!(
            "the files do not go together: {} and {} numbers, {} and {} spread",
            one.0,
            other.0,
            if one.1 { "with" } else { "without" },
            if other.1 { "with" } else { "without" }
        ))),
    }
}
