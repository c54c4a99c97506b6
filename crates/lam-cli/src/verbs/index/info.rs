//! `lam index info`.

use std::path::PathBuf;

use clap::Args;
use lam_retrieve::{Calibration, IndexModel};
use lam_search::store::{GraphState, Reader};
use serde_json::json;

use crate::error::CliError;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  lam index info shop.index
  lam index info shop.index --json";

/// Say what an index holds
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct InfoArgs {
    /// The index
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &InfoArgs, printer: &Printer) -> Result<(), CliError> {
    let reader = Reader::open(&args.index)?;
    let view = reader.view();
    let model = IndexModel::load(&args.index)?;
    let calibration = Calibration::load(&args.index)?;
    let graph = match view.graph() {
        GraphState::Ready(_) => "ready".to_owned(),
        GraphState::Missing => "none (lam index build makes one)".to_owned(),
        GraphState::Stale => "of an older snapshot (lam index build makes a new one)".to_owned(),
        GraphState::Damaged(reason) => {
            format!("damaged: {reason} (lam index build makes a new one)")
        }
    };
    let spec = view.spec();
    if args.json {
        return printer.out(json!({
            "items": view.len(),
            "dim": spec.dim,
            "spread": spec.spread,
            "classes": view.classes().len(),
            "in_log": view.in_log(),
            "removed": view.removed(),
            "generation": view.generation(),
            "graph": graph,
            "threshold": view.threshold(),
            "fingerprint": spec.fingerprint.to_string(),
            "run": model.and_then(|model| model.run),
            "calibration": calibration.map(|calibration| json!({
                "queries": calibration.answered().len(),
                "source": calibration.provenance().queries,
                "accuracy": calibration.accuracy(),
                "items": calibration.provenance().items,
            })),
        }));
    }
    let mut lines = vec![
        ("items", format!("{} of size {}", view.len(), spec.dim)),
        ("classes", view.classes().len().to_string()),
        (
            "spread",
            if spec.spread { "stored" } else { "none" }.to_owned(),
        ),
        (
            "log",
            format!("{} items, {} places free", view.in_log(), view.removed()),
        ),
        ("graph", graph),
    ];
    if let Some(run) = model.and_then(|model| model.run) {
        lines.push(("run", run.display().to_string()));
    }
    lines.push(("model", spec.fingerprint.to_string()));
    lines.push((
        "calibration",
        match calibration {
            None => "none (lam index calibrate makes one)".to_owned(),
            Some(known) => format!(
                "{} queries from {}, {:.1} % right, when there were {} items",
                known.answered().len(),
                known.provenance().queries,
                100.0 * known.accuracy(),
                known.provenance().items
            ),
        },
    ));
    for (name, value) in lines {
        printer.out(format!("{name:<12} {value}"))?;
    }
    Ok(())
}
