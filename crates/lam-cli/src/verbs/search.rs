//! `lam search`.

use std::path::PathBuf;

use clap::Args;
use lam_retrieve::{Answer, Embeddings, Found, RetrieveOptions, Rule};
use lam_search::retrieval::{Ranking, Verdict};
use lam_search::store::Reader;

use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{
    ApproximateArgs, Model, ModelArgs, RiskArgs, Source, SourceArgs, answers, embed,
};

const EXAMPLES: &str = "\
Examples:
  lam search shop.index query.jpg
  lam search shop.index new-photos/ --risk 0.05           abstain, so that at most 5 % of the answers are wrong
  lam search shop.index query.jpg --expected              rank by the distance to be expected
  lam search shop.index new-photos/ --json > answers.jsonl
  find new -name '*.jpg' | lam search shop.index - -k 3

A query is a picture, a folder, a CSV table, the name of a data set with :train or :test, or - for paths on
standard input; for an index of vectors a file of them. Distances are those between the mean embeddings, 0 to 2. The confidence says how often answers
like this one were right among the pictures of `lam index calibrate`; without a calibration the share of
posterior samples that agree stands in its place. Where the queries have classes, a line at the end says how
many answers were right.";

/// Look pictures up in an index, with a confidence
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    /// The index
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// Pictures or vectors to look up
    #[arg(value_name = "QUERY", required = true)]
    queries: Vec<String>,

    /// Neighbours of each
    #[arg(short, value_name = "K", default_value_t = 5)]
    k: usize,

    /// Rank by the expected distance under both spreads: an uncertain item steps back behind a certain one
    #[arg(long)]
    expected: bool,

    #[command(flatten)]
    risk: RiskArgs,

    #[command(flatten)]
    approximate: ApproximateArgs,

    /// Print one line of JSON for each query
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    model: ModelArgs,

    #[command(flatten)]
    source: SourceArgs,
}

pub fn run(args: &SearchArgs, printer: &Printer) -> Result<(), CliError> {
    let reader = Reader::open(&args.index)?;
    let view = reader.view();
    let retriever = args.risk.retriever(&args.index, printer)?;
    let model = Model::of_index(&args.index, &view, &args.model)?;
    let options = RetrieveOptions {
        k: args.k,
        method: args.approximate.method(),
        ranking: if args.expected {
            Ranking::Expected
        } else {
            Ranking::Distance
        },
    };
    let mut tally = Tally::default();
    for word in &args.queries {
        let source = Source::open(word, &args.source, &model)?;
        let everything = 0..source.len();
        let mut show = |at: &[usize], embeddings: &Embeddings| -> Result<(), CliError> {
            let answers = retriever.answer(&view, embeddings, &options)?;
            for (answer, &position) in answers.iter().zip(at) {
                let query = &source.ids()[position];
                if args.json {
                    printer.out(answers::to_json(query, answer))?;
                } else {
                    answers::print(query, answer, printer)?;
                }
                tally.count(answer, source.class(position));
            }
            Ok(())
        };
        embed(
            &model,
            &source,
            everything,
            "searching",
            printer,
            |at, embeddings| show(at, &embeddings),
        )?;
    }
    tally.print(retriever.rule(), printer);
    Ok(())
}

/// How many answers were right.
#[derive(Default)]
struct Tally {
    queries: usize,
    accepted: usize,
    abstained: usize,
    labelled: usize,
    right: usize,
    neighbours: usize,
    right_neighbours: usize,
    labelled_accepted: usize,
    right_accepted: usize,
}

impl Tally {
    fn count(&mut self, answer: &Answer, class: Option<&str>) {
        let accepted = answer.verdict == Verdict::Accepted;
        self.queries += 1;
        self.accepted += usize::from(accepted);
        self.abstained += usize::from(answer.verdict == Verdict::Abstained);
        if let (Some(class), Some(first)) = (class, answer.found.first()) {
            let is_right = |found: &Found| found.class.as_deref() == Some(class);
            let right = is_right(first);
            self.neighbours += answer.found.len();
            self.right_neighbours += answer.found.iter().filter(|found| is_right(found)).count();
            self.labelled += 1;
            self.right += usize::from(right);
            self.labelled_accepted += usize::from(accepted);
            self.right_accepted += usize::from(accepted && right);
        }
    }

    /// To standard error, beside the answers.
    fn print(&self, rule: Option<&Rule>, printer: &Printer) {
        let share = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        if self.queries < 2 {
            return;
        }
        if let Some(rule) = rule {
            printer.note(format!(
                "{} of {} answers accepted ({:.1} %), {} not sure",
                self.accepted,
                self.queries,
                share(self.accepted, self.queries),
                self.abstained
            ));
            if self.labelled_accepted > 0 {
                let wrong = self.labelled_accepted - self.right_accepted;
                printer.note(format!(
                    "{wrong} of {} accepted answers are wrong ({:.2} %; asked for at most {:.2} %)",
                    self.labelled_accepted,
                    share(wrong, self.labelled_accepted),
                    100.0 * rule.target.risk()
                ));
            }
        }
        if self.labelled > 0 {
            printer.note(format!(
                "{} of {} nearest items are of the query's class ({:.2} %), and {:.2} % of all neighbours",
                self.right,
                self.labelled,
                share(self.right, self.labelled),
                share(self.right_neighbours, self.neighbours)
            ));
        }
    }
}
