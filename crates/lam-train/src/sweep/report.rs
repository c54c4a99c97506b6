//! What a sweep leaves: the trials as CSV and JSON, figures, a page, and the best configuration.

use std::fs;
use std::path::{Path, PathBuf};

use lam_plot::{
    Block, Figure, Metric, Report, SearchHistory, SearchParameter, SearchParameters, SearchPoint,
    SearchValues, Section, Table,
};
use serde_json::{Map, Value, json};

use super::best::{best_of, best_yaml};
use super::domain::Domain;
use super::error::SweepError;
use super::run::Sweep;
use super::spec::Goal;
use super::trials::{Trial, TrialState};
use crate::config::Choice;
use crate::run::{RunError, csv_cell, csv_number, write_atomic};

/// Version of `results.json`.
const VERSION: u32 = 1;
/// Trials in the page's first table.
const SHOWN: usize = 10;

/// Where the files of a sweep stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepFiles {
    folder: PathBuf,
}

impl SweepFiles {
    /// In the folder of a sweep.
    pub fn of(sweep: &Sweep) -> Self {
        Self {
            folder: sweep.folder.clone(),
        }
    }

    /// `trials.csv`.
    pub fn csv(&self) -> PathBuf {
        self.folder.join("trials.csv")
    }

    /// `results.json`.
    pub fn json(&self) -> PathBuf {
        self.folder.join("results.json")
    }

    /// `report.html`.
    pub fn report(&self) -> PathBuf {
        self.folder.join("report.html")
    }

    /// `best.yaml`.
    pub fn best(&self) -> PathBuf {
        self.folder.join("best.yaml")
    }

    fn figures(&self) -> PathBuf {
        self.folder.join("figures")
    }

    /// Writes all of them. Returns the trials with a value, the best first.
    ///
    /// # Errors
    /// No complete trial; a file that cannot be written.
    pub fn write(&self, sweep: &Sweep, trials: &[Trial]) -> Result<Vec<Trial>, SweepError> {
        write_atomic(&self.csv(), trials_csv(sweep, trials).as_bytes())?;
        let Some(best) = best_of(sweep, trials) else {
            let reason = trials.iter().rev().find_map(|trial| trial.reason.clone());
            return Err(SweepError::NothingFound {
                trials: trials.len(),
                reason: reason.unwrap_or_default(),
            });
        };
        write_atomic(&self.best(), best_yaml(sweep, best)?.as_bytes())?;
        write_atomic(&self.json(), results_json(sweep, trials, best).as_bytes())?;
        let ranked = ranked(sweep, trials);
        page(sweep, trials, &ranked, &self.figures())?.save(&self.report())?;
        Ok(ranked)
    }
}

/// What the result rests on, said with every result.
fn protocol(sweep: &Sweep) -> String {
    format!(
        "{} on held-out images ({} of the training set), for the checkpoint with the best {}; the test set was not looked at",
        sweep.spec.metric,
        sweep.base.held_out_fraction,
        crate::SELECTING_METRIC
    )
}

/// Complete trials from best to worst, then those ended early, in the same way.
fn ranked(sweep: &Sweep, trials: &[Trial]) -> Vec<Trial> {
    let mut ranked: Vec<Trial> = trials
        .iter()
        .filter(|trial| trial.value.is_some())
        .cloned()
        .collect();
    let badness = |trial: &Trial| {
        let value = trial.value.unwrap_or(f64::NAN);
        (
            trial.state != TrialState::Complete,
            sweep.spec.goal.badness(value),
        )
    };
    ranked.sort_by(|a, b| {
        let (a_key, b_key) = (badness(a), badness(b));
        a_key
            .0
            .cmp(&b_key.0)
            .then(a_key.1.total_cmp(&b_key.1))
            .then(a.index.cmp(&b.index))
    });
    ranked
}

fn value_of<'a>(trial: &'a Trial, key: &str) -> &'a str {
    let found = trial.values.iter().find(|(known, _)| known == key);
    found.map_or("", |(_, value)| value)
}

/// A row per trial, in their order.
pub fn trials_csv(sweep: &Sweep, trials: &[Trial]) -> String {
    let mut header = vec!["trial".to_owned(), "state".to_owned(), "epochs".to_owned()];
    header.push(csv_cell(&sweep.spec.metric));
    let keys: Vec<&str> = sweep.spec.parameters.iter().map(|p| p.key).collect();
    header.extend(keys.iter().map(|key| csv_cell(key)));
    header.push("reason".to_owned());
    let mut out = format!("{}\n", header.join(","));
    for trial in trials {
        let mut cells = vec![
            trial.index.to_string(),
            trial.state.word().to_owned(),
            epochs(trial).to_string(),
            csv_number(trial.value.unwrap_or(f64::NAN)),
        ];
        cells.extend(keys.iter().map(|key| csv_cell(value_of(trial, key))));
        cells.push(csv_cell(trial.reason.as_deref().unwrap_or("")));
        out.push_str(&format!("{}\n", cells.join(",")));
    }
    out
}

fn epochs(trial: &Trial) -> usize {
    trial.history.last().map_or(0, |last| last.epoch)
}

fn results_json(sweep: &Sweep, trials: &[Trial], best: &Trial) -> String {
    let entry = |trial: &Trial| {
        let values: Map<String, Value> = trial
            .values
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect();
        let mut entry = json!({
            "trial": trial.index,
            "state": trial.state.word(),
            "value": trial.value,
            "epochs": epochs(trial),
            "values": values,
            "folder": sweep.trial_folder(trial.index).display().to_string(),
        });
        if let Some(reason) = &trial.reason {
            entry["reason"] = reason.as_str().into();
        }
        entry
    };
    let root = json!({
        "version": VERSION,
        "metric": sweep.spec.metric,
        "goal": sweep.spec.goal.name(),
        "method": sweep.spec.method.name(),
        "selected_on": protocol(sweep),
        "best": entry(best),
        "trials": trials.iter().map(entry).collect::<Vec<Value>>(),
    });
    format!("{root:#}\n")
}

fn page(
    sweep: &Sweep,
    trials: &[Trial],
    ranked: &[Trial],
    folder: &Path,
) -> Result<Report, SweepError> {
    fs::create_dir_all(folder).map_err(RunError::io("create the folder", folder))?;
    let figures = figures(sweep, ranked)?;
    for figure in &figures {
        figure.save(folder)?;
    }
    let count = |state: TrialState| trials.iter().filter(|t| t.state == state).count();
    let best = ranked.first();
    let metrics = best.map(|best| Metric {
        name: format!("best {}", sweep.spec.metric),
        value: format!("{:.4}", best.value.unwrap_or(f64::NAN)),
        explanation: protocol(sweep),
    });
    let shown: Vec<Trial> = ranked.iter().take(SHOWN).cloned().collect();
    let section = |heading: &str, blocks: Vec<Block>| Section {
        heading: heading.to_owned(),
        blocks,
    };
    let mut sections = vec![
        section(
            "The best trials",
            vec![Block::Table(table(
                sweep,
                &shown,
                "The best trials, from the best down.",
            ))],
        ),
        section("Search", figures.into_iter().map(Block::Figure).collect()),
    ];
    sections.push(section(
        "All trials",
        vec![Block::Table(table(sweep, trials, "Every trial."))],
    ));
    let name = sweep.spec.path.file_stem().unwrap_or_default();
    Ok(Report {
        title: format!("Sweep {}", name.to_string_lossy()),
        lead: format!(
            "{} search for the configuration that {}s {}.",
            sweep.spec.method.name(),
            sweep.spec.goal.name(),
            sweep.spec.metric
        ),
        facts: vec![
            (
                "configuration".to_owned(),
                sweep.config.display().to_string(),
            ),
            (
                "selected on".to_owned(),
                "held-out images, never the test set".to_owned(),
            ),
            ("trials".to_owned(), trials.len().to_string()),
            (
                "complete".to_owned(),
                count(TrialState::Complete).to_string(),
            ),
            (
                "ended early".to_owned(),
                count(TrialState::Stopped).to_string(),
            ),
            ("failed".to_owned(), count(TrialState::Failed).to_string()),
        ],
        metrics: metrics.into_iter().collect(),
        sections,
        command: sweep.command().to_owned(),
        configuration: match best {
            Some(best) => best_yaml(sweep, best)?,
            None => String::new(),
        },
        ..Report::default()
    })
}

fn table(sweep: &Sweep, trials: &[Trial], caption: &str) -> Table {
    let mut header = vec!["trial".to_owned(), sweep.spec.metric.clone()];
    header.extend(sweep.spec.parameters.iter().map(|p| p.key.to_owned()));
    header.extend(["state", "epochs"].map(str::to_owned));
    let rows = trials.iter().map(|trial| {
        let value = trial.value.map_or("–".to_owned(), |x| format!("{x:.4}"));
        let mut row = vec![trial.index.to_string(), value];
        let parameters = sweep.spec.parameters.iter();
        row.extend(parameters.map(|p| short(value_of(trial, p.key))));
        row.push(match &trial.reason {
            Some(reason) => format!("{}: {reason}", trial.state.word()),
            None => trial.state.word().to_owned(),
        });
        row.push(epochs(trial).to_string());
        row
    });
    Table {
        caption: caption.to_owned(),
        header,
        rows: rows.collect(),
        ..Table::default()
    }
}

/// A number with four digits, for people; the files have all of them.
pub(super) fn short(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(x) if text.len() > 6 && x.is_finite() => {
            if x != 0.0 && !(1e-3..1e5).contains(&x.abs()) {
                format!("{x:.3e}")
            } else {
                format!("{x:.4}")
            }
        }
        _ => text.to_owned(),
    }
}

fn figures(sweep: &Sweep, ranked: &[Trial]) -> Result<Vec<Figure>, SweepError> {
    let mut trials: Vec<&Trial> = ranked.iter().collect();
    trials.sort_by_key(|trial| trial.index);
    let points: Vec<SearchPoint> = trials
        .iter()
        .map(|trial| SearchPoint {
            trial: trial.index,
            value: trial.value.unwrap_or(f64::NAN),
            complete: trial.state == TrialState::Complete,
        })
        .collect();
    let parameters: Vec<SearchParameter> = sweep
        .spec
        .parameters
        .iter()
        .filter(|p| !matches!(p.domain, Domain::Fixed(_)))
        .map(|parameter| {
            let coordinates = trials.iter().map(|trial| {
                let found = parameter.domain.coordinate(value_of(trial, parameter.key));
                found.unwrap_or(f64::NAN)
            });
            SearchParameter {
                name: parameter.key.to_owned(),
                values: match &parameter.domain {
                    Domain::Categorical { values, .. } => SearchValues::Category {
                        names: values.clone(),
                        indices: coordinates.map(|x| x.max(0.0) as usize).collect(),
                    },
                    Domain::Numeric(numeric) => SearchValues::Number {
                        values: coordinates.collect(),
                        logarithmic: numeric.log,
                    },
                    Domain::Fixed(_) => SearchValues::Number {
                        values: Vec::new(),
                        logarithmic: false,
                    },
                },
            }
        })
        .collect();
    let maximise = sweep.spec.goal == Goal::Maximize;
    let history = SearchHistory {
        metric: sweep.spec.metric.clone(),
        maximise,
        points: points.clone(),
        ..SearchHistory::default()
    };
    let mut figures = vec![history.figure()];
    if !parameters.is_empty() {
        let against = SearchParameters {
            metric: sweep.spec.metric.clone(),
            maximise,
            points,
            parameters,
            ..SearchParameters::default()
        };
        figures.push(against.figure()?);
    }
    Ok(figures)
}
