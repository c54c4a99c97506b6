//! The comparison as Markdown, CSV and JSON.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::BenchError;
use super::summary::{RunStatus, Summary};
use super::table::{ComparisonTable, baseline_table, main_table, missing_table};
use crate::metric::direction;
use crate::run::{RunError, csv_cell, csv_number, write_atomic};

/// Version of `results.json`.
const VERSION: u32 = 1;

/// Where the files of a comparison stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchFiles {
    folder: PathBuf,
}

impl BenchFiles {
    /// In a folder, which is made if need be.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(folder: &Path) -> Result<Self, BenchError> {
        fs::create_dir_all(folder).map_err(RunError::io("create the folder", folder))?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// `table.md`.
    pub fn markdown(&self) -> PathBuf {
        self.folder.join("table.md")
    }

    /// `table.csv`: a row per configuration.
    pub fn csv(&self) -> PathBuf {
        self.folder.join("table.csv")
    }

    /// `runs.csv`: a row per run.
    pub fn runs_csv(&self) -> PathBuf {
        self.folder.join("runs.csv")
    }

    /// `results.json`: everything.
    pub fn json(&self) -> PathBuf {
        self.folder.join("results.json")
    }

    /// `report.html`.
    pub fn report(&self) -> PathBuf {
        self.folder.join("report.html")
    }

    /// `figures/`.
    pub fn figures(&self) -> PathBuf {
        self.folder.join("figures")
    }

    /// Writes the tables, each whole or not at all.
    ///
    /// # Errors
    /// The path and the system's reason.
    pub fn write_tables(&self, summary: &Summary) -> Result<(), BenchError> {
        let files = [
            (self.markdown(), markdown(summary)),
            (self.csv(), csv(summary)),
            (self.runs_csv(), runs_csv(summary)),
            (self.json(), json(summary)),
        ];
        for (path, text) in files {
            write_atomic(&path, text.as_bytes())?;
        }
        Ok(())
    }
}

/// The tables as Markdown, the best values bold.
pub fn markdown(summary: &Summary) -> String {
    let seeds: Vec<String> = summary.seeds.iter().map(u64::to_string).collect();
    let mut out = format!(
        "Mean ± standard deviation over seeds {}; ↑ the more the better, ↓ the less; the best of a column is bold.\n\n{}",
        seeds.join(", "),
        markdown_table(&main_table(summary, false))
    );
    let mut protocols: Vec<&str> = Vec::new();
    for config in &summary.configs {
        if !protocols.contains(&config.protocol.as_str()) {
            protocols.push(&config.protocol);
        }
    }
    out.push_str(&format!("\nProtocol: {}.\n", protocols.join("; ")));
    let more = [
        ("Honest baselines", baseline_table(summary)),
        ("Runs without results", missing_table(summary)),
    ];
    for (title, table) in more {
        if let Some(table) = table {
            out.push_str(&format!("\n### {title}\n\n{}", markdown_table(&table)));
        }
    }
    out
}

fn markdown_table(table: &ComparisonTable) -> String {
    let plain = |text: &str| text.replace('|', "\\|");
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = (0..table.header.len()).map(|column| {
        let mark = if column < table.words { "---" } else { "---:" };
        mark.to_owned()
    });
    let mut out = line(table.header.iter().map(|text| plain(text)).collect());
    out.push_str(&line(rule.collect()));
    for row in &table.rows {
        let cells = row.iter().map(|cell| match cell.best {
            true => format!("**{}**", plain(&cell.text)),
            false => plain(&cell.text),
        });
        out.push_str(&line(cells.collect()));
    }
    out
}

/// All metric names, those of baselines last.
fn all_names(summary: &Summary) -> Vec<String> {
    let mut names = summary.metric_names();
    for (name, _) in summary.configs.iter().flat_map(|config| &config.metrics) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// A row per configuration: of each metric the mean, the standard deviation (empty for one value) and the number of
/// values, with all digits.
pub fn csv(summary: &Summary) -> String {
    let names = all_names(summary);
    let mut header: Vec<String> = [
        "configuration",
        "method",
        "dataset",
        "protocol",
        "runs",
        "failed",
    ]
    .map(str::to_owned)
    .to_vec();
    for name in &names {
        header.extend(["mean", "sd", "n"].map(|part| csv_cell(&format!("{name}.{part}"))));
    }
    let mut out = format!("{}\n", header.join(","));
    for config in &summary.configs {
        let failed = config
            .runs
            .iter()
            .filter(|(_, status)| matches!(status, RunStatus::Failed(_)));
        let mut cells = vec![
            csv_cell(&config.label),
            csv_cell(&config.method),
            csv_cell(&config.dataset),
            csv_cell(&config.protocol),
            config.finished().count().to_string(),
            failed.count().to_string(),
        ];
        for name in &names {
            let value = config.metric(name);
            cells.push(csv_number(value.map_or(f64::NAN, |v| v.mean)));
            cells.push(csv_number(
                value.and_then(|v| v.deviation).unwrap_or(f64::NAN),
            ));
            cells.push(value.map_or(0, |v| v.count).to_string());
        }
        out.push_str(&format!("{}\n", cells.join(",")));
    }
    out
}

/// A row per run.
pub fn runs_csv(summary: &Summary) -> String {
    let names = all_names(summary);
    let mut header: Vec<String> = [
        "configuration",
        "method",
        "dataset",
        "protocol",
        "seed",
        "state",
        "reason",
        "folder",
    ]
    .map(str::to_owned)
    .to_vec();
    header.extend(names.iter().map(|name| csv_cell(name)));
    let mut out = format!("{}\n", header.join(","));
    for config in &summary.configs {
        for (run, status) in &config.runs {
            let (values, reason): (&[(String, f64)], &str) = match status {
                RunStatus::Finished(metrics) => (metrics.values(), ""),
                RunStatus::Failed(reason) => (&[], reason),
                _ => (&[], ""),
            };
            let mut cells = vec![
                csv_cell(&config.label),
                csv_cell(&config.method),
                csv_cell(&config.dataset),
                csv_cell(&config.protocol),
                run.seed.to_string(),
                status.word().to_owned(),
                csv_cell(reason),
                csv_cell(&run.folder.display().to_string()),
            ];
            cells.extend(names.iter().map(|name| {
                let found = values.iter().find(|(known, _)| known == name);
                csv_number(found.map_or(f64::NAN, |(_, value)| *value))
            }));
            out.push_str(&format!("{}\n", cells.join(",")));
        }
    }
    out
}

/// Everything, with all digits. Which configuration is best is told apart by all of them.
pub fn json(summary: &Summary) -> String {
    let configs: Vec<Value> = summary
        .configs
        .iter()
        .map(|config| {
            let metrics: Map<String, Value> = config
                .metrics
                .iter()
                .map(|(name, value)| {
                    let best = summary.is_best(config, name, |x| format!("{x:?}"));
                    let entry = json!({
                        "mean": value.mean,
                        "sd": value.deviation,
                        "n": value.count,
                        "better": direction(name).word(),
                        "best": best,
                    });
                    (name.clone(), entry)
                })
                .collect();
            let runs: Vec<Value> = config
                .runs
                .iter()
                .map(|(run, status)| {
                    let mut entry = json!({
                        "seed": run.seed,
                        "state": status.word(),
                        "folder": run.folder.display().to_string(),
                    });
                    match status {
                        RunStatus::Finished(metrics) => {
                            let values = metrics.values().iter();
                            entry["metrics"] = values
                                .map(|(name, value)| (name.clone(), Value::from(*value)))
                                .collect::<Map<_, _>>()
                                .into();
                        }
                        RunStatus::Failed(reason) => entry["reason"] = reason.as_str().into(),
                        _ => {}
                    }
                    entry
                })
                .collect();
            json!({
                "configuration": config.label,
                "file": config.file,
                "method": config.method,
                "dataset": config.dataset,
                "protocol": config.protocol,
                "metrics": metrics,
                "runs": runs,
            })
        })
        .collect();
    let root = json!({"version": VERSION, "seeds": summary.seeds, "configurations": configs});
    format!("{root:#}\n")
}
