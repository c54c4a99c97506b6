//! The page of a comparison: tables, and the curves of all configurations over each other.

use std::fs;

use lam_plot::{
    Block, Calibration, CalibrationModel, Figure, PrCurve, PrecisionRecall, ReliabilityBin, Report,
    Roc, RocCurve, Section, Sparsification, SparsificationCurve, Table,
};

use super::BenchError;
use super::average::average_curves;
use super::files::BenchFiles;
use super::summary::{ConfigSummary, Summary};
use super::table::{ComparisonTable, baseline_table, main_table, missing_table};
use crate::metric::{Direction, direction};
use crate::run::{RunCurves, RunError, RunFolder};

/// Draws the figures and writes the page. Returns what deserves a word, such as runs without curves.
///
/// # Errors
/// A file cannot be written; curves that are damaged.
pub fn report(
    summary: &Summary,
    files: &BenchFiles,
    command: &str,
) -> Result<Vec<String>, BenchError> {
    let mut remarks = Vec::new();
    let mut drawn = Vec::new();
    for config in &summary.configs {
        if let Some(curves) = curves_of(config, &mut remarks)? {
            drawn.push((config, curves));
        }
    }
    let mut datasets: Vec<&str> = Vec::new();
    for (config, _) in &drawn {
        if !datasets.contains(&config.dataset.as_str()) {
            datasets.push(&config.dataset);
        }
    }
    let folder = files.figures();
    fs::create_dir_all(&folder).map_err(RunError::io("create the folder", &folder))?;
    let mut sections = vec![results(summary)];
    for dataset in &datasets {
        let of_dataset: Vec<&(&ConfigSummary, RunCurves)> = drawn
            .iter()
            .filter(|(config, _)| config.dataset == *dataset)
            .collect();
        let mut blocks = Vec::new();
        for mut figure in figures(&of_dataset)? {
            if datasets.len() > 1 {
                let name = format!("{}_{dataset}", figure.name());
                figure = figure.with_name(&name);
            }
            figure.save(&folder)?;
            blocks.push(Block::Figure(figure));
        }
        if !blocks.is_empty() {
            sections.push(Section {
                heading: if datasets.len() > 1 {
                    format!("Curves on {dataset}")
                } else {
                    "Curves".to_owned()
                },
                blocks,
            });
        }
    }
    sections.extend(further_tables(summary));
    let finished: usize = summary.configs.iter().map(|c| c.finished().count()).sum();
    let planned: usize = summary.configs.iter().map(|c| c.runs.len()).sum();
    let seeds: Vec<String> = summary.seeds.iter().map(u64::to_string).collect();
    let page = Report {
        title: "Comparison".to_owned(),
        lead: "Mean ± standard deviation over seeds, and the curves of all configurations over each other."
            .to_owned(),
        facts: vec![
            ("configurations".to_owned(), summary.configs.len().to_string()),
            ("seeds".to_owned(), seeds.join(", ")),
            ("runs".to_owned(), format!("{finished} of {planned} finished")),
        ],
        warnings: warnings(summary).into_iter().chain(remarks.clone()).collect(),
        sections,
        command: command.to_owned(),
        ..Report::default()
    };
    page.save(&files.report())?;
    Ok(remarks)
}

/// The mean curves of a configuration; none where no run kept any.
fn curves_of(
    config: &ConfigSummary,
    remarks: &mut Vec<String>,
) -> Result<Option<RunCurves>, BenchError> {
    let mut found = Vec::new();
    for (run, _) in config.finished() {
        match RunFolder::read_curves(&run.folder)? {
            Some(curves) => found.push(curves),
            None => remarks.push(format!(
                "{} kept no curves and is left out of the figures: `lam eval {0}` makes them",
                run.folder.display()
            )),
        }
    }
    Ok((!found.is_empty()).then(|| average_curves(&found)))
}

fn warnings(summary: &Summary) -> Vec<String> {
    let mut warnings = Vec::new();
    let on_test = |config: &&ConfigSummary| config.protocol.contains("test set");
    let selected: Vec<&str> = summary
        .configs
        .iter()
        .filter(on_test)
        .map(|config| config.label.as_str())
        .collect();
    if !selected.is_empty() {
        warnings.push(format!(
            "Checkpoints selected on the test set, as in the paper; these figures are optimistic and are not \
             compared with others: {}.",
            selected.join(", ")
        ));
    }
    let failed = summary.failed();
    if failed > 0 {
        warnings.push(format!(
            "{failed} {} failed; the reasons stand below.",
            if failed == 1 { "run" } else { "runs" }
        ));
    }
    warnings
}

fn results(summary: &Summary) -> Section {
    let caption = "Mean ± standard deviation over seeds. ↑ the more the better, ↓ the less. The best value of a column \
                   is bold, among configurations of one data set and protocol.";
    let mut blocks = vec![Block::Table(page_table(
        &main_table(summary, false),
        caption,
    ))];
    if let Some(table) = baseline_table(summary) {
        let caption = "Honest baselines: each configuration's own uncertainty beside scores that need no fitted \
                       posterior, and a posterior's other spread, on the same embeddings. Bold: the best of a configuration.";
        blocks.push(Block::Table(page_table(&table, caption)));
    }
    if let Some(table) = missing_table(summary) {
        blocks.push(Block::Table(page_table(&table, "Runs without results.")));
    }
    Section {
        heading: "Results".to_owned(),
        blocks,
    }
}

/// A row per metric, as there are more of those than fit side by side; and every run.
fn further_tables(summary: &Summary) -> Vec<Section> {
    let table = main_table(summary, true);
    let cell = |row: usize, column: usize| table.rows[row][column].text.clone();
    let columns = 0..table.rows.len();
    let mut all = Table {
        caption: "Every metric, a row each.".to_owned(),
        header: std::iter::once("metric".to_owned())
            .chain(columns.clone().map(|row| cell(row, 0)))
            .collect(),
        ..Table::default()
    };
    for column in table.words..table.header.len() {
        let values = columns.clone().map(|row| cell(row, column));
        let place = all.rows.len();
        all.rows.push(
            std::iter::once(table.header[column].clone())
                .chain(values)
                .collect(),
        );
        let best = columns.clone().filter(|&row| table.rows[row][column].best);
        all.strong.extend(best.map(|row| (place, row + 1)));
    }
    let names: Vec<String> = summary
        .metric_names()
        .into_iter()
        .filter(|name| direction(name) != Direction::Neutral)
        .collect();
    let mut runs = Table {
        caption: "Every finished run.".to_owned(),
        header: ["configuration", "seed"].map(str::to_owned).to_vec(),
        ..Table::default()
    };
    runs.header.extend(names.iter().cloned());
    for config in &summary.configs {
        for (run, metrics) in config.finished() {
            let mut row = vec![config.label.clone(), run.seed.to_string()];
            row.extend(names.iter().map(|name| {
                let found = metrics.values().iter().find(|(known, _)| known == name);
                found.map_or("–".to_owned(), |(_, value)| format!("{value:.4}"))
            }));
            runs.rows.push(row);
        }
    }
    let section = |heading: &str, table: Table| Section {
        heading: heading.to_owned(),
        blocks: vec![Block::Table(table)],
    };
    let mut sections = Vec::new();
    if !all.rows.is_empty() {
        sections.push(section("All metrics", all));
    }
    if !runs.rows.is_empty() {
        sections.push(section("Runs", runs));
    }
    sections
}

fn page_table(table: &ComparisonTable, caption: &str) -> Table {
    let cells = |row: usize| {
        let cells = table.rows[row].iter().enumerate();
        cells
            .filter(|(_, cell)| cell.best)
            .map(move |(column, _)| (row, column))
    };
    Table {
        caption: caption.to_owned(),
        header: table.header.clone(),
        rows: table
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.text.clone()).collect())
            .collect(),
        strong: (0..table.rows.len()).flat_map(cells).collect(),
    }
}

/// Name and mean of a metric for a legend.
fn mean(config: &ConfigSummary, metric: &str) -> f64 {
    config.metric(metric).map_or(f64::NAN, |value| value.mean)
}

fn figures(drawn: &[&(&ConfigSummary, RunCurves)]) -> Result<Vec<Figure>, BenchError> {
    let mut sparsification = Sparsification::default();
    let mut calibration = Calibration::default();
    let mut roc = Roc::default();
    let mut precision_recall = PrecisionRecall::default();
    for (config, curves) in drawn {
        let name = || config.label.clone();
        if let Some(line) = &curves.sparsification {
            sparsification.curves.push(SparsificationCurve {
                name: name(),
                removed: line.x.clone(),
                accuracy: line.y.clone(),
                ausc: mean(config, "ausc"),
                oracle: None,
            });
        }
        if let Some(bins) = &curves.calibration {
            calibration.models.push(CalibrationModel {
                name: name(),
                bins: bins
                    .iter()
                    .map(|bin| ReliabilityBin {
                        count: bin.count,
                        mean_confidence: bin.confidence,
                        accuracy: bin.accuracy,
                    })
                    .collect(),
                ece: mean(config, "ece"),
                ece_open_last_bin: config.metric("ece_open_last_bin").map(|value| value.mean),
            });
        }
        if let Some(line) = &curves.roc {
            roc.curves.push(RocCurve {
                name: name(),
                false_positive_rate: line.x.clone(),
                true_positive_rate: line.y.clone(),
                auroc: mean(config, "auroc"),
            });
        }
        if let Some(line) = &curves.precision_recall {
            precision_recall.curves.push(PrCurve {
                name: name(),
                recall: line.x.clone(),
                precision: line.y.clone(),
                auprc: mean(config, "auprc"),
            });
            precision_recall.prevalence = precision_recall.prevalence.or(curves.prevalence);
        }
    }
    let mut figures = Vec::new();
    if !sparsification.curves.is_empty() {
        figures.push(sparsification.figure()?);
    }
    if !calibration.models.is_empty() {
        figures.push(calibration.figure());
    }
    if !roc.curves.is_empty() {
        figures.push(roc.figure()?);
    }
    if !precision_recall.curves.is_empty() {
        figures.push(precision_recall.figure()?);
    }
    Ok(figures)
}
