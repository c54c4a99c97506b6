//! `lam export`.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use lam_remote::{Address, DatabaseKind, ExportEvent, ExportOptions, Exported, Retry, Retrying};
use lam_search::store::Reader;

use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::{Counting, Stage};
use crate::table;

const EXAMPLES: &str = "\
Examples:
  lam export shop.index --to pgvector postgres://me@localhost/mine
  lam export shop.index --to pgvector postgres://me@db/mine?sslmode=require --table shoes --hnsw
  lam export shop.index --to qdrant qdrant://localhost:6334 --prune
  QDRANT_API_KEY=... lam export shop.index --to qdrant https://db:6334 --collection shoes

The table or collection is made where there is none; one of another model or dimension is
refused. Items that are there as they are, by their digests, are not sent again: repeat the command
after an interruption or a change, and it goes on with what is missing. A server that restarts is
waited for.

Directions, deviations, uncertainties, labels, classes and metadata are stored. A database has no
model: there are no samples of a query, and no confidence.";

/// Bring the items of an index into PostgreSQL or Qdrant
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// The index
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// The database: postgres://user@host/database, qdrant://host:6334, or qdrants:// for an encrypted
    /// connection. Passwords may stand in PGPASSWORD, keys in QDRANT_API_KEY
    #[arg(value_name = "URL")]
    url: String,

    /// Which database it is; said by the URL, but for http:// and https://
    #[arg(long, value_name = "DATABASE")]
    to: Option<Database>,

    /// The table or collection [default: the name of the index, without what follows its dot]
    #[arg(long, visible_alias = "collection", value_name = "NAME")]
    table: Option<String>,

    /// Items of one request
    #[arg(long, value_name = "N", default_value_t = ExportOptions::default().batch)]
    batch: usize,

    /// Remove from the table or collection what the index does not hold
    #[arg(long)]
    prune: bool,

    /// pgvector: build a graph for approximate search afterwards; up to 2000 dimensions
    #[arg(long)]
    hnsw: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Database {
    /// PostgreSQL with the extension pgvector
    Pgvector,
    /// Qdrant, over gRPC
    Qdrant,
}

impl From<Database> for DatabaseKind {
    fn from(database: Database) -> Self {
        match database {
            Database::Pgvector => Self::Pgvector,
            Database::Qdrant => Self::Qdrant,
        }
    }
}

pub fn run(args: &ExportArgs, printer: &Printer) -> Result<(), CliError> {
    let address = Address::parse(&args.url, args.to.map(DatabaseKind::from))?;
    let name = match &args.table {
        Some(name) => name.clone(),
        None => name_of(&args.index)?,
    };
    let reader = Reader::open(&args.index)?;
    let view = reader.view();
    let options = ExportOptions {
        batch: args.batch,
        prune: args.prune,
        graph: args.hnsw,
    };
    let stage = RefCell::new(Stage::new(printer));
    stage
        .borrow_mut()
        .spinner(format!("connecting to {address}"));
    let paint = printer.progress_paint();
    let notify = |retrying: &Retrying<'_>| {
        stage.borrow().line(format!(
            "{} {}; trying again in {:.1} s",
            paint.warning("warning:"),
            retrying.error,
            retrying.delay.as_secs_f64()
        ));
    };
    let mut begun = Instant::now();
    let mut sending = Duration::ZERO;
    let mut progress = |event: ExportEvent| {
        let mut stage = stage.borrow_mut();
        let items = view.len() as u64;
        match event {
            ExportEvent::Opened { there } => {
                let before = match there {
                    0 => String::new(),
                    _ => format!(", which holds {there} items"),
                };
                stage.line(format!("{items} items to {address}, {name:?}{before}"));
                stage.bar(Counting::Items, "exporting".into(), 0, items);
                begun = Instant::now();
            }
            ExportEvent::Exported { written, unchanged } => {
                stage.advance((written + unchanged) as u64);
                sending = begun.elapsed();
            }
            ExportEvent::Pruning => {
                stage.spinner("looking for items that are gone".into());
            }
            ExportEvent::BuildingGraph => {
                stage.spinner("the server builds its graph".into());
            }
        }
    };
    let retry = Retry::patient().notifying(&notify);
    let done = lam_remote::export(&view, &address, &name, &options, &retry, &mut progress);
    stage.borrow_mut().clear();
    print(&done?, &address, &name, sending, printer)
}

fn print(
    done: &Exported,
    address: &Address,
    name: &str,
    sending: Duration,
    printer: &Printer,
) -> Result<(), CliError> {
    let mut table = table::new(printer, &["items", "number"]);
    for (what, number) in [
        ("written", done.written as u64),
        ("unchanged", done.unchanged as u64),
        ("removed", done.removed as u64),
        ("in the database", done.there),
    ] {
        table.add_row([what.to_owned(), number.to_string()]);
    }
    table::align_right(&mut table, 1);
    printer.out(format!(
        "{} {address}, {name:?}",
        printer.paint().bold("Exported to")
    ))?;
    printer.out(table::text(&table))?;
    let (all, seconds) = (done.written + done.unchanged, sending.as_secs_f64());
    printer.note(format!(
        "{all} items in {seconds:.1} s, {:.0} items/s",
        all as f64 / seconds.max(1e-9)
    ));
    Ok(())
}

/// `shop` for the index `data/shop.index`.
fn name_of(index: &Path) -> Result<String, CliError> {
    let whole = index.canonicalize().unwrap_or_else(|_| index.to_owned());
    let stem = whole.file_stem().and_then(|stem| stem.to_str());
    stem.map(Into::into).ok_or_else(|| {
        CliError::Usage(format!(
            "{} has no name to call a table by: give one with --table",
            index.display()
        ))
    })
}
