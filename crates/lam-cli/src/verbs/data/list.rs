//! `lam data list`.

use std::path::PathBuf;

use clap::Args;
use lam_data::{DatasetReport, Location, SearchPath, Split, report};

use crate::error::CliError;
use crate::printer::Printer;
use crate::table;

const EXAMPLES: &str = "\
Examples:
  lam data list
  lam data list --data-dir ~/data           look there first
  LAM_DATA_DIR=~/data lam data list         the same for every lam command";

/// Show every data set and where it was found
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ListArgs {
    /// Look for data sets in this folder first; can be repeated
    #[arg(long, value_name = "DIR")]
    data_dir: Vec<PathBuf>,
}

pub fn run(args: &ListArgs, printer: &Printer) -> Result<(), CliError> {
    let search = SearchPath::standard(&args.data_dir, None);
    let header = [
        "name",
        "train",
        "validation",
        "test",
        "classes",
        "shape",
        "found",
    ];
    let mut table = table::new(printer, &header);
    for report in report(&search) {
        table.add_row([
            report.entry.name.to_owned(),
            images(&report, Split::Train),
            images(&report, Split::Validation),
            images(&report, Split::Test),
            match report.entry.classes {
                0 => "places".to_owned(),
                classes => classes.to_string(),
            },
            report
                .entry
                .shape
                .map_or_else(|| "photographs".to_owned(), |shape| shape.to_string()),
            whereabouts(&report),
        ]);
    }
    (1..=4).for_each(|column| table::align_right(&mut table, column));
    printer.out(table::text(&table))
}

fn images(report: &DatasetReport, split: Split) -> String {
    let found = report.splits.iter().find(|s| s.split == split);
    match found.map(|split| split.images) {
        None => "-".to_owned(),
        Some(0) => "?".to_owned(), // no number is published
        Some(images) => images.to_string(),
    }
}

/// Where its parts are, each place once, and how to get what is missing.
fn whereabouts(report: &DatasetReport) -> String {
    let all_found = report.splits.iter().all(|split| split.location.is_some());
    let mut parts: Vec<String> = Vec::new();
    for split in &report.splits {
        let place = match &split.location {
            None => continue,
            Some(Location::Embedded) => "built in".to_owned(),
            Some(Location::Folder(path, origin)) => format!("{} ({origin})", path.display()),
        };
        let part = if all_found {
            place
        } else {
            format!("only {}: {place}", split.split)
        };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if let Some(ways) = report.how_to_get() {
        parts.push(format!("get it: {ways}"));
    }
    parts.join("; ")
}
