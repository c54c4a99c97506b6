//! `lam search`.

mod database;
mod tally;

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use lam_retrieve::{Answer, Embeddings, RetrieveOptions, Retriever, Rule};
use lam_search::Ranking;
use lam_search::store::{Reader, View};

use database::Database;
use tally::Tally;

use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{
    ApproximateArgs, Model, ModelArgs, NoveltyArgs, RiskArgs, Source, SourceArgs, answers, embed,
};

const EXAMPLES: &str = "\
Examples:
  lam search shop.index query.jpg
  lam search shop.index new-photos/ --risk 0.05           abstain, so that at most 5 % of the answers are wrong
  lam search shop.index new-photos/ --unknown 0.01        abstain on pictures of a kind that the index does not hold
  lam search shop.index query.jpg --expected              rank by the distance to be expected
  lam search shop.index new-photos/ --json > answers.jsonl
  find new -name '*.jpg' | lam search shop.index - -k 3
  lam search --from postgres://me@localhost/mine --table shop --run runs/shop/seed-1 query.jpg

A query is a picture, a folder, a CSV table, the name of a data set with :train or :test, or - for paths on
standard input; for an index of vectors a file of them. Distances are those between the mean embeddings, 0 to 2. The confidence says how often answers
like this one were right among the pictures of `lam index calibrate`; without a calibration the share of
posterior samples that agree stands in its place. Where the queries have classes, a line at the end says how
many answers were right.";

/// Look pictures up in an index, with a confidence
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    /// The index, then pictures or vectors to look up; with --from these alone
    #[arg(value_name = "INDEX QUERY", required = true)]
    words: Vec<String>,

    /// Neighbours of each
    #[arg(short, value_name = "K", default_value_t = 5)]
    k: usize,

    /// Rank by the expected distance under both spreads: an uncertain item steps back behind a certain one
    #[arg(long)]
    expected: bool,

    /// Look them up in a database that `lam export` filled, instead of an index
    #[arg(long, value_name = "URL", requires = "table", conflicts_with_all = ["risk", "unknown", "approximate"])]
    from: Option<String>,

    /// With --from: the table or collection
    #[arg(
        long,
        visible_alias = "collection",
        value_name = "NAME",
        requires = "from"
    )]
    table: Option<String>,

    #[command(flatten)]
    risk: RiskArgs,

    #[command(flatten)]
    novelty: NoveltyArgs,

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
    if let (Some(url), Some(table)) = (&args.from, &args.table) {
        let mut database = Database::open(url, table, args, printer)?;
        let model = database.model(&args.model)?;
        return search(args, &args.words, &model, &mut database, printer);
    }
    let (index, queries) = match args.words.split_first() {
        Some((index, queries)) if !queries.is_empty() => (Path::new(index), queries),
        _ => {
            return Err(CliError::Usage(
                "an index and at least one query are needed: lam search INDEX QUERY…".to_owned(),
            ));
        }
    };
    let reader = Reader::open(index)?;
    let view = reader.view();
    let retriever = args.risk.retriever(index, printer)?;
    let retriever = args.novelty.retriever(retriever, &view, printer)?;
    let model = Model::of_index(index, &view, &args.model)?;
    let mut local = Local {
        view,
        retriever,
        options: RetrieveOptions {
            k: args.k,
            method: args.approximate.method(),
            ranking: if args.expected {
                Ranking::Expected
            } else {
                Ranking::Distance
            },
        },
    };
    search(args, queries, &model, &mut local, printer)
}

/// Where queries are looked up.
trait Searched {
    /// Answers every query, in order.
    fn answer(&mut self, queries: &Embeddings) -> Result<Vec<Answer>, CliError>;

    /// The rule by which answers are accepted.
    fn rule(&self) -> Option<&Rule>;
}

/// An index.
struct Local {
    view: Arc<View>,
    retriever: Retriever,
    options: RetrieveOptions,
}

impl Searched for Local {
    fn answer(&mut self, queries: &Embeddings) -> Result<Vec<Answer>, CliError> {
        Ok(self.retriever.answer(&self.view, queries, &self.options)?)
    }

    fn rule(&self) -> Option<&Rule> {
        self.retriever.rule()
    }
}

fn search(
    args: &SearchArgs,
    queries: &[String],
    model: &Model,
    searched: &mut dyn Searched,
    printer: &Printer,
) -> Result<(), CliError> {
    let mut tally = Tally::default();
    for word in queries {
        let source = Source::open(word, &args.source, model)?;
        let everything = 0..source.len();
        let mut show = |at: &[usize], embeddings: &Embeddings| -> Result<(), CliError> {
            let answers = searched.answer(embeddings)?;
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
            model,
            &source,
            everything,
            "searching",
            printer,
            |at, embeddings| show(at, &embeddings),
        )?;
    }
    tally.print(searched.rule(), printer);
    Ok(())
}
