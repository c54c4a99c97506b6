//! The file as a whole: method, metric, configuration.

use std::path::PathBuf;

use super::SpecReader;
use super::scalar::text_of;
use crate::config::{Branch, Choice, Tree, nearest_name};
use crate::metric::{Direction, direction, is_validation_metric};
use crate::sweep::Stopping;
use crate::sweep::domain::Domain;
use crate::sweep::search::grid_size;
use crate::sweep::spec::{Goal, SearchMethod, SweepSpec};

/// Keys that are read.
const KEYS: [&str; 7] = [
    "method",
    "metric",
    "parameters",
    "early_terminate",
    "run_cap",
    "count",
    "config",
];
/// Keys that mean something to other programs and nothing here.
const IGNORED: [&str; 7] = [
    "program",
    "command",
    "name",
    "description",
    "project",
    "entity",
    "job",
];
const METRIC_KEYS: [&str; 3] = ["name", "goal", "target"];
/// Metrics named in messages; `k` stands for a number.
const METRICS: [&str; 10] = [
    "recall@1",
    "map@5",
    "map@10",
    "map@r",
    "auroc",
    "auprc",
    "ausc",
    "ece",
    "r_auroc",
    "ece_open_last_bin",
];

impl SpecReader<'_> {
    /// The sweep, unless something is wrong.
    pub(in crate::sweep) fn sweep(&mut self, branches: &[Branch]) -> Option<SweepSpec> {
        self.check_keys(branches, &KEYS, &IGNORED, "a sweep");
        let find = |key: &str| branches.iter().find(|branch| branch.key == key);
        let method = match find("method") {
            Some(branch) => self.choice::<SearchMethod>(branch),
            None => {
                self.missing("method", &<SearchMethod as Choice>::describe());
                None
            }
        };
        let metric = match find("metric") {
            Some(branch) => self.metric(branch),
            None => {
                self.missing("metric", "a mapping with name and goal");
                None
            }
        };
        let mut config = find("config").and_then(|branch| self.file(branch));
        let mut parameters = Vec::new();
        match find("parameters") {
            None => self.missing("parameters", "a mapping of keys to their values"),
            Some(branch) => match &branch.value {
                Tree::Mapping(entries) if !entries.is_empty() => {
                    for (i, entry) in entries.iter().enumerate() {
                        let repeated = entries.iter().take(i).any(|e| e.key == entry.key);
                        if repeated {
                            self.problem(
                                entry.line,
                                format!("'{}' stands twice: keep one of the two", entry.key),
                            );
                        } else if entry.key == "config" {
                            // The argument of the program that the file was written for.
                            config = self.config_parameter(entry).or(config);
                        } else {
                            parameters.extend(self.parameter(entry));
                        }
                    }
                }
                _ => self.bad(branch, "a mapping of keys to their values", None),
            },
        }
        let stopping =
            find("early_terminate").map_or(Some(Stopping::Never), |branch| self.stopping(branch));
        let trials = ["run_cap", "count"]
            .iter()
            .find_map(|key| find(key))
            .and_then(|branch| self.whole(branch, 1));
        let (metric, goal) = metric?;
        let spec = SweepSpec {
            path: self.path.to_owned(),
            method: method?,
            metric,
            goal,
            config,
            parameters,
            stopping: stopping?,
            trials,
        };
        self.check_grid(&spec);
        Some(spec)
    }

    fn check_grid(&mut self, spec: &SweepSpec) {
        if spec.method != SearchMethod::Grid {
            return;
        }
        let mut endless = false;
        for parameter in &spec.parameters {
            if parameter.domain.all().is_none() {
                endless = true;
                self.problem(
                    parameter.line,
                    format!(
                        "a grid needs a list of values for '{}': write 'values: […]', or 'distribution: q_uniform' with a step 'q'",
                        parameter.key
                    ),
                );
            }
        }
        let domains: Vec<&Domain> = spec.parameters.iter().map(|p| &p.domain).collect();
        if !endless && grid_size(&domains).is_none() {
            let line = spec.parameters.first().map_or(1, |p| p.line);
            self.problem(
                line,
                "the grid has more than a million points: use 'method: random'",
            );
        }
    }

    fn metric(&mut self, branch: &Branch) -> Option<(String, Goal)> {
        let Tree::Mapping(entries) = &branch.value else {
            self.bad(branch, "a mapping with name and goal", None);
            return None;
        };
        self.check_keys(entries, &METRIC_KEYS, &[], "a metric");
        let find = |key: &str| entries.iter().find(|entry| entry.key == key);
        if let Some(target) = find("target") {
            self.warn(target.line, "'target' has no effect: every trial is made");
        }
        let goal = find("goal").map(|entry| self.choice::<Goal>(entry));
        let Some(entry) = find("name") else {
            self.problem(branch.line, "'metric' needs a name, such as map@5");
            return None;
        };
        let Some(written) = text_of(&entry.value) else {
            self.bad(entry, "the name of a metric, such as map@5", None);
            return None;
        };
        let name = self.metric_name(entry, &written)?;
        let natural = match direction(&name) {
            Direction::Lower => Goal::Minimize,
            _ => Goal::Maximize,
        };
        let goal = match goal {
            Some(goal) => goal?,
            None => natural,
        };
        if goal != natural {
            self.warn(
                branch.line,
                format!(
                    "the goal is to {} '{name}', of which the other end is the good one",
                    goal.name()
                ),
            );
        }
        if name.contains("auroc") || name.contains("auprc") {
            self.warn(
                entry.line,
                format!(
                    "'{name}' is measured on held-out images, but where it needs unknown ones, on the images of the \
                     out-of-distribution set on which results are reported too"
                ),
            );
        }
        Some((name, goal))
    }

    /// `val/map@5`, `test_map/map@5` and `map@5` are the same metric; that of the test set is not to be had.
    fn metric_name(&mut self, entry: &Branch, written: &str) -> Option<String> {
        let (group, name) = written.rsplit_once('/').unwrap_or(("", written));
        let name = ["val_", "validation_"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))
            .unwrap_or(name)
            .to_lowercase();
        if !is_validation_metric(&name) {
            let pairs = METRICS.iter().map(|metric| (*metric, *metric));
            let nearest = nearest_name(&name, pairs).map(str::to_owned);
            let expected = format!("the name of a metric: {}", METRICS.join(", "));
            self.bad(entry, expected, nearest);
            return None;
        }
        if group.starts_with("test") || written.starts_with("test") {
            self.warn(
                entry.line,
                format!(
                    "'{written}' would select on the test set; '{name}' of held-out images is used instead"
                ),
            );
        }
        Some(name)
    }

    fn config_parameter(&mut self, entry: &Branch) -> Option<PathBuf> {
        let Tree::Mapping(parts) = &entry.value else {
            return self.file(entry);
        };
        match parts.as_slice() {
            [value] if value.key == "value" => self.file(value),
            _ => {
                self.problem(
                    entry.line,
                    "a sweep has one configuration: write 'config: {value: FILE}'",
                );
                None
            }
        }
    }

    fn file(&mut self, branch: &Branch) -> Option<PathBuf> {
        let text = text_of(&branch.value).filter(|text| !text.is_empty());
        if text.is_none() {
            self.bad(branch, "the path of a configuration", None);
        }
        text.map(PathBuf::from)
    }
}
