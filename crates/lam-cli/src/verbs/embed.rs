//! `lam embed`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use lam_data::{Collection, EmbeddingHeader, EmbeddingRows, EmbeddingWriter};
use lam_retrieve::Embeddings;

use crate::device_args::DeviceArgs;
use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{Model, Source, SourceArgs, embed, spec_of};

/// Rows that are made durable at once.
const PORTION: usize = 2048;

const EXAMPLES: &str = "\
Examples:
  lam embed runs/shop/seed-1 photos/ -o shop.parquet
  lam embed runs/shop/seed-1 photos/ -o part-3.npy --shard 3/16
  lam embed runs/fashionmnist/best/seed-1 fashionmnist:test -o test.safetensors
  find photos -name '*.jpg' | lam embed runs/shop/seed-1 - -o shop.parquet

SOURCE is a folder, a CSV table with the column path, a picture, the name of a data set with :train or :test, or
- for paths on standard input; for a run on features (lam fit) a file of vectors. Rows come in the order of the source: folders by path, tables as they are.

Columns: id, label and class where they are known, mean [D] of length 1, sigma [D], uncertainty (the sum of
sigma, or for a run with uncertainty: output that of the head's output). A .npy file has the others beside it, as
NAME.sigma.npy and so on. What was embedded before a kill stays in OUT.partial; --resume goes on from there.";

/// Embed pictures with a run: mean, spread and uncertainty of each
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct EmbedArgs {
    /// The run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Pictures
    #[arg(value_name = "SOURCE")]
    source: String,

    /// The file to write: .parquet, .npy or .safetensors
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,

    /// Only this part of the pictures: 3/16 is the third of sixteen that follow each other
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    shard: Shard,

    /// Go on with what an interrupted command has embedded
    #[arg(long)]
    resume: bool,

    #[command(flatten)]
    device: DeviceArgs,

    #[command(flatten)]
    data: SourceArgs,
}

/// One of several parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shard {
    /// From 0.
    part: usize,
    of: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(part, of)| {
            let part = part.parse::<usize>().ok()?;
            let of = of.parse::<usize>().ok()?;
            (1..=of).contains(&part).then_some((part, of))
        });
        let (part, of) = numbers.ok_or("expected I/N with I from 1 to N, as in 3/16")?;
        Ok(Self { part: part - 1, of })
    }
}

pub fn run(args: &EmbedArgs, printer: &Printer) -> Result<(), CliError> {
    let model = Model::of_run(&args.run, args.device)?;
    let source = Source::open(&args.source, &args.data, &model)?;
    let mut positions = Collection::part(source.len(), args.shard.part, args.shard.of);
    if positions.is_empty() {
        return Err(CliError::Usage(format!(
            "--shard {}/{} of {} is empty",
            args.shard.part + 1,
            args.shard.of,
            source.len()
        )));
    }
    let classes = ClassNames::of(&source);
    let spec = model.run().map(spec_of).transpose()?;
    let spec = spec.ok_or_else(|| CliError::Usage("a run is needed to embed".to_owned()))?;
    let header = EmbeddingHeader {
        rows: positions.len(),
        dim: spec.dim,
        spread: spec.spread,
        class_names: classes.names(),
        model: Some(spec.fingerprint.to_string()),
    };
    let mut writer = if args.resume {
        EmbeddingWriter::resume(&args.out, header)?
    } else {
        EmbeddingWriter::create(&args.out, header)?
    };
    if let Some(last) = writer.last_id() {
        // Unreadable pictures have no row, so that the number of rows does not say where to go on.
        let at = source.ids()[positions.clone()]
            .iter()
            .position(|id| id == last);
        let at = at.ok_or_else(|| CliError::OtherSource {
            out: args.out.clone(),
            id: last.to_owned(),
        })?;
        positions.start += at + 1;
        printer.note(format!("going on after {} rows", writer.written()));
    }
    let mut portion = Portion::default();
    embed(
        &model,
        &source,
        positions,
        "embedding",
        printer,
        |at, embeddings| {
            portion.take(at, embeddings, &source, &classes);
            if portion.ids.len() >= PORTION {
                portion.write(&mut writer)?;
            }
            Ok(())
        },
    )?;
    portion.write(&mut writer)?;
    let (rows, dim) = (writer.written(), writer.header().dim);
    writer.finish()?;
    printer.out(format!(
        "{}: {rows} embeddings of size {dim} from {}",
        args.out.display(),
        source.name
    ))
}

/// Names of the classes of a collection, sorted; an empty one where some are not known.
struct ClassNames(Vec<String>);

impl ClassNames {
    fn of(source: &Source) -> Self {
        let classes = (0..source.len()).map(|position| source.class(position).unwrap_or_default());
        let names: BTreeSet<&str> = classes.collect();
        Self(names.into_iter().map(str::to_owned).collect())
    }

    /// None where no class is known.
    fn names(&self) -> Option<Vec<String>> {
        let known = self.0.iter().any(|name| !name.is_empty());
        known.then(|| self.0.clone())
    }

    fn label(&self, class: Option<&str>) -> u32 {
        let found = self
            .0
            .binary_search_by(|name| name.as_str().cmp(class.unwrap_or_default()));
        found.unwrap_or_default() as u32
    }
}

/// Rows that are not on disk yet.
#[derive(Default)]
struct Portion {
    ids: Vec<String>,
    labels: Vec<u32>,
    means: Vec<f32>,
    sigmas: Vec<f32>,
    uncertainties: Vec<f64>,
}

impl Portion {
    fn take(
        &mut self,
        at: &[usize],
        embeddings: Embeddings,
        source: &Source,
        classes: &ClassNames,
    ) {
        for &position in at {
            self.ids.push(source.ids()[position].clone());
            self.labels.push(classes.label(source.class(position)));
        }
        self.means.extend(embeddings.means);
        self.sigmas.extend(embeddings.sigmas.into_iter().flatten());
        let uncertainties = embeddings.uncertainties.into_iter().flatten();
        self.uncertainties.extend(uncertainties);
    }

    fn write(&mut self, writer: &mut EmbeddingWriter) -> Result<(), CliError> {
        let spread = writer.header().spread;
        let has_classes = writer.header().class_names.is_some();
        writer.append(&EmbeddingRows {
            ids: &self.ids,
            labels: has_classes.then_some(self.labels.as_slice()),
            mean: &self.means,
            sigma: spread.then_some(self.sigmas.as_slice()),
            uncertainty: spread.then_some(self.uncertainties.as_slice()),
        })?;
        *self = Self::default();
        Ok(())
    }
}
