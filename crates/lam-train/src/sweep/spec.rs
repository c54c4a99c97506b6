//! The file of a sweep, in the format of Weights & Biases.

use std::path::{Path, PathBuf};

use super::domain::{Domain, Numeric, Parameter};
use super::search::grid_size;
use super::stopping::Stopping;
use crate::bench::{Direction, direction, is_validation_metric};
use crate::config::{
    Allowed, Branch, Choice, ConfigError, ConfigValue, Fault, LineFault, Node, Place, Problem,
    Scalar, Tree, Warning, classify, key_specs, nearest_key, nearest_name, read_text, read_tree,
    write_text,
};

/// How the next trial is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchMethod {
    /// Every combination.
    Grid,
    /// Independent draws.
    Random,
    /// Tree-structured Parzen Estimator.
    Bayes,
}

impl Choice for SearchMethod {
    const WHAT: &'static str = "method of a sweep";
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Grid, "grid"),
        (Self::Random, "random"),
        (Self::Bayes, "bayes"),
    ];
    const ALSO_READ: &'static [(&'static str, Self)] = &[];
    const HINTS: &'static [(&'static str, Self)] = &[
        ("bayesian", Self::Bayes),
        ("tpe", Self::Bayes),
        ("optuna", Self::Bayes),
    ];
}

/// Which end of the metric is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The largest value.
    Maximize,
    /// The smallest value.
    Minimize,
}

impl Choice for Goal {
    const WHAT: &'static str = "goal";
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Maximize, "maximize"), (Self::Minimize, "minimize")];
    const ALSO_READ: &'static [(&'static str, Self)] =
        &[("maximise", Self::Maximize), ("minimise", Self::Minimize)];
    const HINTS: &'static [(&'static str, Self)] =
        &[("max", Self::Maximize), ("min", Self::Minimize)];
}

impl Goal {
    /// Whether `a` is better than `b`.
    pub fn better(self, a: f64, b: f64) -> bool {
        match self {
            Self::Maximize => a > b,
            Self::Minimize => a < b,
        }
    }

    /// The smaller the better.
    pub(super) fn badness(self, value: f64) -> f64 {
        match self {
            Self::Maximize => -value,
            Self::Minimize => value,
        }
    }
}

/// A sweep as its file says.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepSpec {
    /// The file.
    pub path: PathBuf,
    /// How the next trial is chosen.
    pub method: SearchMethod,
    /// The validation metric.
    pub metric: String,
    /// Which end of it is sought.
    pub goal: Goal,
    /// The base configuration, as named.
    pub config: Option<PathBuf>,
    /// What is varied, in the order of the file.
    pub parameters: Vec<Parameter>,
    /// When trials are ended early.
    pub stopping: Stopping,
    /// How many trials, if the file says so.
    pub trials: Option<usize>,
}

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
const STOPPING_KEYS: [&str; 7] = [
    "type",
    "min_iter",
    "max_iter",
    "s",
    "eta",
    "strict",
    "min_trials",
];
const PARAMETER_KEYS: [&str; 7] = [
    "value",
    "values",
    "probabilities",
    "distribution",
    "min",
    "max",
    "q",
];
const DISTRIBUTIONS: [&str; 10] = [
    "constant",
    "categorical",
    "categorical_w_probabilities",
    "int_uniform",
    "uniform",
    "q_uniform",
    "log_uniform",
    "log_uniform_values",
    "q_log_uniform",
    "q_log_uniform_values",
];
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

impl SweepSpec {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line.
    pub fn load(path: &Path) -> Result<(Self, Vec<Warning>), ConfigError> {
        let text = read_text(path).map_err(|fault| Problem {
            place: Place::File(path.to_owned()),
            fault,
        })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a file; `path` names it in messages.
    ///
    /// # Errors
    /// As [`SweepSpec::load`].
    pub fn parse(text: &str, path: &Path) -> Result<(Self, Vec<Warning>), ConfigError> {
        let branches = read_tree(text).map_err(|(line, fault): LineFault| Problem {
            place: line.map_or(Place::File(path.to_owned()), |line| {
                Place::Line(path.to_owned(), line)
            }),
            fault,
        })?;
        let mut reader = SpecReader {
            path,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        let spec = reader.sweep(&branches);
        match (spec, reader.problems.is_empty()) {
            (Some(spec), true) => Ok((spec, reader.warnings)),
            _ => Err(ConfigError {
                problems: reader.problems,
            }),
        }
    }
}

struct SpecReader<'a> {
    path: &'a Path,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl SpecReader<'_> {
    fn place(&self, line: usize) -> Place {
        Place::Line(self.path.to_owned(), line)
    }

    fn problem(&mut self, line: usize, message: impl Into<String>) {
        let fault = Fault::Conflict {
            message: message.into(),
        };
        let place = self.place(line);
        self.problems.push(Problem { place, fault });
    }

    fn bad(&mut self, branch: &Branch, expected: impl Into<String>, nearest: Option<String>) {
        let fault = Fault::BadValue {
            key: branch.key.clone(),
            found: branch.value.describe(),
            expected: expected.into(),
            nearest,
        };
        let place = self.place(branch.line);
        self.problems.push(Problem { place, fault });
    }

    fn warn(&mut self, line: usize, message: impl Into<String>) {
        let place = self.place(line);
        self.warnings.push(Warning {
            place,
            message: message.into(),
        });
    }

    fn missing(&mut self, key: &str, expected: &str) {
        self.problems.push(Problem {
            place: Place::File(self.path.to_owned()),
            fault: Fault::Missing {
                key: key.to_owned(),
                expected: expected.to_owned(),
            },
        });
    }

    /// Reports keys that stand twice or that are not known here.
    fn check_keys(&mut self, branches: &[Branch], known: &[&str], ignored: &[&str], what: &str) {
        for (i, branch) in branches.iter().enumerate() {
            let earlier = branches
                .iter()
                .take(i)
                .find(|other| other.key == branch.key);
            if let Some(first) = earlier {
                let fault = Fault::Duplicate {
                    key: branch.key.clone(),
                    first: first.line,
                };
                let place = self.place(branch.line);
                self.problems.push(Problem { place, fault });
            } else if !known.contains(&branch.key.as_str())
                && !ignored.contains(&branch.key.as_str())
            {
                let pairs = known.iter().map(|key| (*key, *key));
                let hint = match nearest_name(&branch.key, pairs) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("{what} has {}", known.join(", ")),
                };
                self.problem(branch.line, format!("unknown key '{}': {hint}", branch.key));
            }
        }
    }

    fn sweep(&mut self, branches: &[Branch]) -> Option<SweepSpec> {
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

    fn stopping(&mut self, branch: &Branch) -> Option<Stopping> {
        let Tree::Mapping(entries) = &branch.value else {
            self.bad(branch, "a mapping with type", None);
            return None;
        };
        self.check_keys(entries, &STOPPING_KEYS, &[], "early_terminate");
        let find = |key: &str| entries.iter().find(|entry| entry.key == key);
        let Some(kind) = find("type") else {
            self.problem(
                branch.line,
                "'early_terminate' needs a type: hyperband or median",
            );
            return None;
        };
        let before = self.problems.len();
        let [min_iter, max_iter, steps, min_trials] = ["min_iter", "max_iter", "s", "min_trials"]
            .map(|key| find(key).and_then(|entry| self.whole(entry, 1)));
        let eta = match find("eta") {
            None => 3.0,
            Some(entry) => match f64::read(&leaf(&entry.value), &Allowed::above(1.0, 100.0)) {
                Ok(eta) => eta,
                Err(nearest) => {
                    self.bad(entry, "a number greater than 1, at most 100", nearest);
                    return None;
                }
            },
        };
        if self.problems.len() > before {
            return None;
        }
        match text_of(&kind.value).as_deref() {
            Some("median") => Some(Stopping::Median {
                min_epochs: min_iter.unwrap_or(1),
                min_trials: min_trials.unwrap_or(5),
            }),
            Some("hyperband") => {
                let rungs = match (min_iter, max_iter, steps) {
                    (Some(first), ..) => rungs_from(first, eta),
                    (None, Some(last), steps) => {
                        rungs_below(last, eta, steps.unwrap_or(usize::MAX))
                    }
                    (None, None, _) => {
                        self.problem(
                            kind.line,
                            "hyperband needs min_iter, the epochs of its first rung, or max_iter with s",
                        );
                        return None;
                    }
                };
                Some(Stopping::Hyperband { rungs, eta })
            }
            _ => {
                self.bad(kind, "one of hyperband, median", None);
                None
            }
        }
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

    fn parameter(&mut self, entry: &Branch) -> Option<Parameter> {
        let specs = key_specs();
        let Some(spec) = specs.iter().find(|spec| spec.key == entry.key) else {
            let nearest = nearest_key(&entry.key, specs.iter().map(|spec| spec.key));
            let fault = Fault::UnknownKey {
                key: entry.key.clone(),
                nearest: nearest.map(str::to_owned),
            };
            let place = self.place(entry.line);
            self.problems.push(Problem { place, fault });
            return None;
        };
        let domain = match &entry.value {
            Tree::Mapping(parts) => self.domain(entry, parts)?,
            // A bare value, as in `lr: 0.1`.
            Tree::Leaf(node) => Domain::Fixed(written(node)?),
            Tree::List(_) => {
                self.bad(
                    entry,
                    "a mapping, such as 'values: […]' or 'min: …' and 'max: …'",
                    None,
                );
                return None;
            }
        };
        if let Domain::Numeric(Numeric {
            min,
            max,
            step: Some(step),
            ..
        }) = &domain
            && *step == 1.0
            && spec.expected.starts_with("a number")
            && !has_key(&entry.value, "distribution")
        {
            self.warn(
                entry.line,
                format!(
                    "'{}' takes whole numbers only, since min and max are whole: write {min:.1} and {max:.1} for all numbers between",
                    entry.key
                ),
            );
        }
        Some(Parameter {
            key: spec.key,
            line: entry.line,
            domain,
        })
    }

    fn domain(&mut self, entry: &Branch, parts: &[Branch]) -> Option<Domain> {
        let before = self.problems.len();
        self.check_keys(parts, &PARAMETER_KEYS, &["mu", "sigma"], "a parameter");
        let find = |key: &str| parts.iter().find(|part| part.key == key);
        let named = match find("distribution") {
            None => None,
            Some(part) => {
                let name = text_of(&part.value).unwrap_or_default();
                if !DISTRIBUTIONS.contains(&name.as_str()) {
                    let pairs = DISTRIBUTIONS.iter().map(|known| (*known, *known));
                    let nearest = nearest_name(&name, pairs).map(str::to_owned);
                    let expected = format!("one of {}", DISTRIBUTIONS.join(", "));
                    self.bad(part, expected, nearest);
                    return None;
                }
                Some(name)
            }
        };
        if self.problems.len() > before {
            return None;
        }
        let (min, max) = (find("min"), find("max"));
        let kind = match (&named, find("value"), find("values"), min, max) {
            (Some(name), ..) => name.as_str(),
            (None, Some(_), None, None, None) => "constant",
            (None, None, Some(_), None, None) => "categorical",
            (None, None, None, Some(min), Some(max)) => {
                if is_whole(&min.value) && is_whole(&max.value) {
                    "int_uniform"
                } else {
                    "uniform"
                }
            }
            _ => {
                self.problem(
                    entry.line,
                    format!("'{}' needs one of: value; values; min and max", entry.key),
                );
                return None;
            }
        };
        match kind {
            "constant" => match find("value").map(|part| &part.value) {
                Some(tree) => Some(Domain::Fixed(self.value(entry, tree)?)),
                None => {
                    self.problem(entry.line, format!("'{}' needs 'value'", entry.key));
                    None
                }
            },
            "categorical" | "categorical_w_probabilities" => {
                self.categories(entry, find("values"), find("probabilities"))
            }
            kind => self.numbers(entry, kind, min, max, find("q")),
        }
    }

    fn value(&mut self, entry: &Branch, tree: &Tree) -> Option<String> {
        let text = match tree {
            Tree::Leaf(node) => written(node),
            Tree::List(items) => items
                .iter()
                .map(|item| match item {
                    Tree::Leaf(node) => written(node),
                    _ => None,
                })
                .collect::<Option<Vec<String>>>()
                .map(|items| format!("[{}]", items.join(", "))),
            Tree::Mapping(_) => None,
        };
        if text.is_none() {
            self.problem(
                entry.line,
                format!(
                    "a value of '{}' is {}: expected a plain value",
                    entry.key,
                    tree.describe()
                ),
            );
        }
        text
    }

    fn categories(
        &mut self,
        entry: &Branch,
        values: Option<&Branch>,
        probabilities: Option<&Branch>,
    ) -> Option<Domain> {
        let Some(Tree::List(items)) = values.map(|part| &part.value) else {
            self.problem(entry.line, format!("'{}' needs a list 'values'", entry.key));
            return None;
        };
        let values: Vec<String> = items
            .iter()
            .map(|item| self.value(entry, item))
            .collect::<Option<_>>()?;
        let repeated = (0..values.len()).find(|&i| values[..i].contains(&values[i]));
        if values.is_empty() || repeated.is_some() {
            let what = repeated.map_or("an empty list".to_owned(), |i| {
                format!("'{}' twice", values[i])
            });
            self.problem(
                entry.line,
                format!("the values of '{}' have {what}", entry.key),
            );
            return None;
        }
        let weights = match probabilities {
            None => vec![1.0 / values.len() as f64; values.len()],
            Some(part) => {
                let given: Option<Vec<f64>> = match &part.value {
                    Tree::List(items) => items
                        .iter()
                        .map(|item| f64::read(&leaf(item), &Allowed::between(0.0, 1.0)).ok())
                        .collect(),
                    _ => None,
                };
                match given {
                    Some(given)
                        if given.len() == values.len()
                            && (given.iter().sum::<f64>() - 1.0).abs() < 1e-6 =>
                    {
                        given
                    }
                    _ => {
                        let expected =
                            format!("{} numbers from 0 to 1 that add up to 1", values.len());
                        self.bad(part, expected, None);
                        return None;
                    }
                }
            }
        };
        Some(Domain::Categorical { values, weights })
    }

    fn numbers(
        &mut self,
        entry: &Branch,
        kind: &str,
        min: Option<&Branch>,
        max: Option<&Branch>,
        q: Option<&Branch>,
    ) -> Option<Domain> {
        let [low, high] = [(min, "min"), (max, "max")].map(|(part, name)| {
            if part.is_none() {
                self.problem(
                    entry.line,
                    format!("'{}' needs '{name}' for the distribution {kind}", entry.key),
                );
            }
            part.and_then(|part| self.number(part))
        });
        let step = match (kind, q) {
            ("int_uniform", _) => Some(1.0),
            (kind, Some(q)) if kind.starts_with("q_") => Some(self.number(q)?),
            (kind, None) if kind.starts_with("q_") => Some(1.0),
            _ => None,
        };
        let (mut min, mut max) = (low?, high?);
        let log = kind.contains("log");
        if matches!(kind, "log_uniform" | "q_log_uniform") {
            // Weights & Biases gives the exponents of these two.
            (min, max) = (min.exp(), max.exp());
        }
        let numeric = Numeric {
            min,
            max,
            log,
            step,
        };
        let wrong = if min >= max || !max.is_finite() {
            Some(format!("min {min} is not below max {max}"))
        } else if log && min <= 0.0 {
            Some(format!(
                "a logarithmic distribution needs a min above 0, not {min}"
            ))
        } else if step.is_some_and(|step| step <= 0.0 || step > max - min) {
            Some("the step does not fit between min and max".to_owned())
        } else if kind == "int_uniform" && (min.fract() != 0.0 || max.fract() != 0.0) {
            Some("min and max of whole numbers are whole".to_owned())
        } else {
            None
        };
        if let Some(wrong) = wrong {
            self.problem(entry.line, format!("'{}': {wrong}", entry.key));
            return None;
        }
        Some(Domain::Numeric(numeric))
    }

    fn number(&mut self, part: &Branch) -> Option<f64> {
        let number = f64::read(&leaf(&part.value), &Allowed::ANY).ok();
        if number.is_none() {
            self.bad(part, "a number", None);
        }
        number
    }

    fn choice<T: Choice>(&mut self, branch: &Branch) -> Option<T> {
        match <T as ConfigValue>::read(&leaf(&branch.value), &Allowed::ANY) {
            Ok(value) => Some(value),
            Err(nearest) => {
                self.bad(branch, <T as Choice>::describe(), nearest);
                None
            }
        }
    }

    fn whole(&mut self, branch: &Branch, least: u64) -> Option<usize> {
        let allowed = Allowed::between(least as f64, 1e9);
        match usize::read(&leaf(&branch.value), &allowed) {
            Ok(value) => Some(value),
            Err(nearest) => {
                self.bad(branch, usize::describe(&allowed), nearest);
                None
            }
        }
    }
}

/// min_iter · eta^k, as far as epochs go.
fn rungs_from(first: usize, eta: f64) -> Vec<usize> {
    let mut rungs: Vec<usize> = Vec::new();
    let mut rung = first as f64;
    while rung < 1e6 {
        let whole = rung.round() as usize;
        if rungs.last() != Some(&whole) {
            rungs.push(whole);
        }
        rung *= eta;
    }
    rungs
}

/// max_iter / eta^k for k = 1 … s, from one epoch on.
fn rungs_below(last: usize, eta: f64, steps: usize) -> Vec<usize> {
    let mut rungs: Vec<usize> = Vec::new();
    let mut rung = last as f64 / eta;
    while rung >= 1.0 && rungs.len() < steps {
        rungs.push(rung.floor() as usize);
        rung /= eta;
    }
    rungs.reverse();
    rungs.dedup();
    rungs
}

fn has_key(tree: &Tree, key: &str) -> bool {
    matches!(tree, Tree::Mapping(parts) if parts.iter().any(|part| part.key == key))
}

/// What is no scalar is no value of any type either.
fn leaf(tree: &Tree) -> Node {
    match tree {
        Tree::Leaf(node) => node.clone(),
        Tree::List(_) => Node::List(Vec::new()),
        Tree::Mapping(_) => Node::Mapping,
    }
}

fn text_of(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Leaf(node) => node.text().map(str::to_owned),
        _ => None,
    }
}

fn is_whole(tree: &Tree) -> bool {
    matches!(tree, Tree::Leaf(Node::Plain(text)) if matches!(classify(text), Scalar::Int(_)))
}

/// A scalar as it would stand in a configuration.
fn written(node: &Node) -> Option<String> {
    match node {
        Node::Plain(text) if classify(text) == Scalar::Null => Some("null".to_owned()),
        Node::Plain(text) => Some(text.clone()),
        Node::Quoted(text) => Some(write_text(text)),
        _ => None,
    }
}
