//! What is known of every run, and the metrics of each configuration over its seeds.

use super::plan::{Plan, PlannedRun, look};
use super::statistics::Statistic;
use crate::metric::{BASELINE_PREFIX, Direction, direction};
use crate::run::{RunFolder, RunMetrics, RunState};

/// What is known of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunStatus {
    /// It has results.
    Finished(RunMetrics),
    /// It was begun and has none yet.
    Interrupted,
    /// Nothing of it is there.
    Missing,
    /// It cannot be made; why.
    Failed(String),
}

impl RunStatus {
    /// What the folder of a run says.
    pub fn of(run: &PlannedRun) -> Self {
        let status = match look(run) {
            Ok(RunState::Finished) => RunFolder::read_metrics(&run.folder).map(Self::Finished),
            Ok(RunState::Interrupted) => Ok(Self::Interrupted),
            Ok(RunState::New) => Ok(Self::Missing),
            Err(error) => Err(error),
        };
        status.unwrap_or_else(|error| Self::Failed(error.to_string()))
    }

    /// Whether it has results.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Finished(_))
    }

    /// Whether there is something to do.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Missing)
    }

    /// In a word, for records.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Finished(_) => "finished",
            Self::Interrupted => "interrupted",
            Self::Missing => "not run",
            Self::Failed(_) => "failed",
        }
    }
}

/// A configuration over its seeds.
#[derive(Clone, Debug)]
pub struct ConfigSummary {
    /// Its name in tables.
    pub label: String,
    /// Its file.
    pub file: String,
    /// The method.
    pub method: String,
    /// The data set.
    pub dataset: String,
    /// What chose the checkpoints.
    pub protocol: String,
    /// Each run with its status.
    pub runs: Vec<(PlannedRun, RunStatus)>,
    /// Each metric over the finished runs, in the order of the first run that has it.
    pub metrics: Vec<(String, Statistic)>,
}

impl ConfigSummary {
    /// Runs with results.
    pub fn finished(&self) -> impl Iterator<Item = (&PlannedRun, &RunMetrics)> {
        self.runs.iter().filter_map(|(run, status)| match status {
            RunStatus::Finished(metrics) => Some((run, metrics)),
            _ => None,
        })
    }

    /// A metric over the seeds.
    pub fn metric(&self, name: &str) -> Option<&Statistic> {
        let found = self.metrics.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    /// Results are compared within one data set and protocol only.
    fn is_comparable_with(&self, other: &Self) -> bool {
        self.dataset == other.dataset && self.protocol == other.protocol
    }
}

/// A whole comparison.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The configurations, in the order of the plan.
    pub configs: Vec<ConfigSummary>,
    /// The seeds.
    pub seeds: Vec<u64>,
}

impl Summary {
    /// Of a plan whose runs have these statuses.
    pub fn new(plan: &Plan, statuses: &[RunStatus]) -> Self {
        let of_config = |index: usize| {
            let config = &plan.configs[index];
            let runs: Vec<(PlannedRun, RunStatus)> = plan
                .runs
                .iter()
                .zip(statuses)
                .filter(|(run, _)| run.of == index)
                .map(|(run, status)| (run.clone(), status.clone()))
                .collect();
            let mut summary = ConfigSummary {
                label: config.label.clone(),
                file: config.file.display().to_string(),
                method: config.config.model.to_string(),
                dataset: config.config.dataset.to_string(),
                protocol: config.config.selection.protocol().to_owned(),
                runs,
                metrics: Vec::new(),
            };
            summary.metrics = statistics(&summary);
            summary
        };
        Self {
            configs: (0..plan.configs.len()).map(of_config).collect(),
            seeds: plan.seeds.clone(),
        }
    }

    /// The names of all metrics that some run has, without those of baselines.
    pub fn metric_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in self.configs.iter().flat_map(|config| &config.metrics) {
            if !name.starts_with(BASELINE_PREFIX) && !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Whether no comparable configuration has a better mean. Equal to the digits that `shown` gives counts as equal:
    /// a table must not set one of two like numbers apart. Without a rival there is no best.
    pub fn is_best(
        &self,
        config: &ConfigSummary,
        metric: &str,
        shown: impl Fn(f64) -> String,
    ) -> bool {
        let Some(own) = config.metric(metric) else {
            return false;
        };
        let rivals: Vec<f64> = self
            .configs
            .iter()
            .filter(|other| other.is_comparable_with(config))
            .filter_map(|other| Some(other.metric(metric)?.mean))
            .collect();
        let good = direction(metric);
        rivals.len() > 1
            && good != Direction::Neutral
            && rivals
                .iter()
                .all(|&rival| !good.better(rival, own.mean) || shown(rival) == shown(own.mean))
    }

    /// Runs that have no results.
    pub fn open(&self) -> impl Iterator<Item = (&ConfigSummary, &PlannedRun, &RunStatus)> {
        self.configs.iter().flat_map(|config| {
            config
                .runs
                .iter()
                .filter(|(_, status)| !status.is_finished())
                .map(move |(run, status)| (config, run, status))
        })
    }

    /// How many runs failed.
    pub fn failed(&self) -> usize {
        self.open()
            .filter(|(_, _, status)| matches!(status, RunStatus::Failed(_)))
            .count()
    }
}

fn statistics(summary: &ConfigSummary) -> Vec<(String, Statistic)> {
    let mut names: Vec<&str> = Vec::new();
    for (_, metrics) in summary.finished() {
        for (name, _) in metrics.values() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    names
        .iter()
        .filter_map(|name| {
            let values = summary.finished().filter_map(|(_, metrics)| {
                let found = metrics.values().iter().find(|(known, _)| known == name);
                found.map(|(_, value)| *value)
            });
            Some(((*name).to_owned(), Statistic::of(values)?))
        })
        .collect()
}
