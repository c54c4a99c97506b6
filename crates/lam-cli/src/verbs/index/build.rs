//! `lam index build`.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use lam_search::approximate::GraphOptions;
use lam_search::retrieval::{Method, Queries, SearchOptions};
use lam_search::store::{View, Writer};

use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::Stage;
use crate::table;

/// Items that are looked up to measure recall.
const PROBES: usize = 200;
/// Widths that are compared.
const WIDTHS: [usize; 5] = [16, 32, 64, 128, 256];

const EXAMPLES: &str = "\
Examples:
  lam index build shop.index
  lam index build shop.index --connections 32 --candidates 256

Items that were removed are dropped, the others are brought together in one snapshot, and a graph is built
over it. The table says what share of the k nearest an approximate search finds, measured against the exact
one with items of the index as queries, and how long a query takes.";

/// Compact an index, build the graph of the approximate search, and measure its recall
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BuildArgs {
    /// The index
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// Neighbours of an item in the graph
    #[arg(long, value_name = "N", default_value_t = GraphOptions::default().connections)]
    connections: usize,

    /// Candidates looked at to choose them
    #[arg(long, value_name = "N", default_value_t = GraphOptions::default().candidates)]
    candidates: usize,

    /// Use all cores; which graph comes out then depends on their timing
    #[arg(long)]
    parallel: bool,

    /// Neighbours that recall is measured for
    #[arg(short, value_name = "K", default_value_t = 10)]
    k: usize,
}

pub fn run(args: &BuildArgs, printer: &Printer) -> Result<(), CliError> {
    let mut writer = Writer::open(&args.index)?;
    let mut stage = Stage::new(printer);
    stage.spinner("compacting".to_owned());
    let view = writer.view();
    if view.removed() > 0 || view.in_log() > 0 {
        writer.compact()?;
    }
    stage.spinner(format!(
        "building the graph of {} items",
        writer.view().len()
    ));
    let begun = Instant::now();
    let graph = writer.view().build_graph(GraphOptions {
        connections: args.connections,
        candidates: args.candidates,
        parallel: args.parallel,
    })?;
    writer.install_graph(graph)?;
    let took = begun.elapsed();
    stage.spinner("measuring recall".to_owned());
    let view = writer.view();
    let probes = probes(&view);
    if probes.is_empty() {
        stage.clear();
        return printer.out(format!("{}: empty", args.index.display()));
    }
    let queries = Queries::new(&probes, view.spec().dim)?;
    let k = args.k.min(view.len());
    let recalls = view.measure_recall(&queries, k, &WIDTHS)?;
    let exact = milliseconds_per_query(&view, &queries, k, Method::Exact)?;
    let recall_heading = format!("recall@{k}");
    let mut table = table::new(printer, &["search", &recall_heading, "ms a query"]);
    table.add_row(["exact".to_owned(), "1".to_owned(), format!("{exact:.3}")]);
    for measured in recalls {
        let method = Method::Approximate { ef: measured.ef };
        let time = milliseconds_per_query(&view, &queries, k, method)?;
        table.add_row([
            format!("--approximate {}", measured.ef),
            format!("{:.4}", measured.recall),
            format!("{time:.3}"),
        ]);
    }
    (1..3).for_each(|column| table::align_right(&mut table, column));
    stage.clear();
    printer.out(format!(
        "{}: graph of {} items in {:.1} s",
        args.index.display(),
        view.len(),
        took.as_secs_f64()
    ))?;
    printer.out(table::text(&table))
}

/// Means of items spread over the index, `[Q, D]`.
fn probes(view: &View) -> Vec<f32> {
    let step = view.slots().div_ceil(PROBES).max(1);
    let items = (0..view.slots()).step_by(step);
    let items = items.filter_map(|slot| view.item(u32::try_from(slot).ok()?));
    items.flat_map(|item| item.mean.to_vec()).collect()
}

/// One query after the other, as a single user asks.
fn milliseconds_per_query(
    view: &View,
    queries: &Queries<'_>,
    k: usize,
    method: Method,
) -> Result<f64, CliError> {
    let options = SearchOptions {
        method,
        ..SearchOptions::exact(k)
    };
    let rows = queries.means();
    let begun = Instant::now();
    for query in 0..rows.len() {
        let one = Queries::new(rows.row(query), rows.dim())?;
        view.search(&one, &options)?;
    }
    Ok(begun.elapsed().as_secs_f64() * 1e3 / rows.len().max(1) as f64)
}
