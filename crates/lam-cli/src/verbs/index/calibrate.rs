//! `lam index calibrate`.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use lam_retrieve::{Calibration, Classes, Embeddings, RetrieveOptions, Samples};
use lam_search::Ranking;
use lam_search::store::Writer;

use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{ApproximateArgs, Model, ModelArgs, Source, SourceArgs, embed};

const EXAMPLES: &str = "\
Examples:
  lam index calibrate shop.index held-out/
  lam index calibrate fashion.index fashionmnist:test

Every labelled picture is looked up, and whether its nearest item is of its class is remembered beside the
index, with the uncertainty of the answer. From that comes the confidence that `lam search` shows (how often
answers with such an agreement of the posterior's samples were right) and the threshold of --risk. Pictures
that are in the index are left out, and so are those without a class. A calibration holds for queries like
these to an index like this one: repeat it when the index has grown much. Pictures of classes that the index
does not hold count as answered wrongly, as they will be.";

/// Learn from labelled pictures how often answers are right
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CalibrateArgs {
    /// The index
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// Labelled pictures that are not in the index, as for `lam index create`
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<String>,

    #[command(flatten)]
    approximate: ApproximateArgs,

    #[command(flatten)]
    model: ModelArgs,

    #[command(flatten)]
    source: SourceArgs,
}

pub fn run(args: &CalibrateArgs, printer: &Printer) -> Result<(), CliError> {
    // For writing: the calibration belongs to the index, and two must not change it at once.
    let writer = Writer::open(&args.index)?;
    let view = writer.view();
    let model = Model::of_index(&args.index, &view, &args.model)?;
    let classes = Classes::of(&view);
    let indexed: HashSet<String> = view.items().map(|item| item.metadata.to_owned()).collect();
    let (mut queries, mut labels) = (Embeddings::default(), Vec::new());
    let (mut names, mut left_out) = (Vec::new(), 0);
    for word in &args.sources {
        let source = Source::open(word, &args.source, &model)?;
        let everything = 0..source.len();
        embed(
            &model,
            &source,
            everything,
            "calibrating",
            printer,
            |at, embeddings| {
                for (row, &position) in at.iter().enumerate() {
                    let origin = source.origin(position);
                    match source.class(position) {
                        Some(class) if !indexed.contains(&origin) => {
                            append(&mut queries, &embeddings, row);
                            labels.push(classes.find(class));
                        }
                        _ => left_out += 1,
                    }
                }
                Ok(())
            },
        )?;
        names.push(source.name);
    }
    if left_out > 0 {
        printer.note(format!(
            "{left_out} pictures are in the index or have no class and are left out"
        ));
    }
    let options = RetrieveOptions {
        k: 1,
        method: args.approximate.method(),
        ranking: Ranking::Distance,
    };
    let calibration = Calibration::measure(&view, &queries, &labels, &options, &names.join(", "))?;
    calibration.save(&args.index)?;
    printer.out(format!(
        "{}: calibrated with {} queries, of which {:.1} % are answered rightly",
        args.index.display(),
        calibration.answered().len(),
        100.0 * calibration.accuracy()
    ))
}

/// Adds one row of `from`.
fn append(to: &mut Embeddings, from: &Embeddings, row: usize) {
    to.dim = from.dim;
    to.means.extend_from_slice(from.mean(row));
    if let Some(sigma) = from.sigma(row) {
        to.sigmas.get_or_insert_default().extend_from_slice(sigma);
    }
    if let Some(uncertainty) = from.uncertainty(row) {
        to.uncertainties.get_or_insert_default().push(uncertainty);
    }
    if let Some(samples) = &from.samples {
        let each = samples.per_input * from.dim;
        let kept = to.samples.get_or_insert_with(|| Samples {
            per_input: samples.per_input,
            values: Vec::new(),
        });
        kept.values
            .extend_from_slice(&samples.values[row * each..][..each]);
    }
}
