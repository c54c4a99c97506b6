//! Tables for people, the same for the terminal, Markdown and the page.

use super::statistics::Statistic;
use super::summary::{ConfigSummary, RunStatus, Summary};
use crate::metric::{BASELINE_PREFIX, Direction, MAIN_METRICS, direction};

/// What stands where there is no value.
const NONE: &str = "–";
/// The name of a configuration's own uncertainty among the baselines.
const OWN: &str = "its own";

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Whether it is the best of its column among comparable rows.
    pub best: bool,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComparisonTable {
    /// Headings; metrics carry an arrow to their good end.
    pub header: Vec<String>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<Cell>>,
    /// How many columns at the left are words, not numbers.
    pub words: usize,
}

fn word(text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        best: false,
    }
}

/// The table of mean ± deviation: the main metrics that are there, or all.
pub fn main_table(summary: &Summary, all: bool) -> ComparisonTable {
    let names: Vec<String> = summary
        .metric_names()
        .into_iter()
        .filter(|name| all || MAIN_METRICS.contains(&name.as_str()))
        .collect();
    let mut header = vec!["configuration".to_owned(), "runs".to_owned()];
    header.extend(names.iter().map(|name| heading(name)));
    let rows = summary.configs.iter().map(|config| {
        let values = names.iter().map(|name| Cell {
            text: value(config.metric(name), config),
            best: summary.is_best(config, name, number),
        });
        [word(&config.label), word(runs(config))]
            .into_iter()
            .chain(values)
            .collect()
    });
    ComparisonTable {
        header,
        rows: rows.collect(),
        words: 2,
    }
}

/// Every configuration's own uncertainty beside the scores that need no posterior; none where no run has such.
pub fn baseline_table(summary: &Summary) -> Option<ComparisonTable> {
    let mut scores: Vec<&str> = Vec::new();
    let mut metrics: Vec<&str> = Vec::new();
    let all = summary.configs.iter().flat_map(|config| &config.metrics);
    for (score, metric) in all.filter_map(|(name, _)| baseline(name)) {
        if !scores.contains(&score) {
            scores.push(score);
        }
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    if scores.is_empty() {
        return None;
    }
    let mut header = vec!["configuration".to_owned(), "uncertainty".to_owned()];
    header.extend(metrics.iter().map(|name| heading(name)));
    let mut rows = Vec::new();
    for config in &summary.configs {
        let mut group: Vec<(&str, Vec<Option<&Statistic>>)> = Vec::new();
        for score in std::iter::once(&OWN).chain(&scores) {
            let name = |metric: &str| match *score {
                OWN => metric.to_owned(),
                score => format!("{BASELINE_PREFIX}{score}.{metric}"),
            };
            let values: Vec<Option<&Statistic>> = metrics
                .iter()
                .map(|metric| config.metric(&name(metric)))
                .collect();
            if values.iter().any(Option::is_some) {
                group.push((score, values));
            }
        }
        for (score, values) in &group {
            let cells = values.iter().enumerate().map(|(column, own)| Cell {
                text: value(*own, config),
                best: own.is_some_and(|own| {
                    best_of(metrics[column], own, group.iter().map(|(_, v)| v[column]))
                }),
            });
            let words = [word(&config.label), word(score.replace('_', " "))];
            rows.push(words.into_iter().chain(cells).collect());
        }
    }
    Some(ComparisonTable {
        header,
        rows,
        words: 2,
    })
}

/// Runs without results, and why; none where every run has some.
pub fn missing_table(summary: &Summary) -> Option<ComparisonTable> {
    let rows: Vec<Vec<Cell>> = summary
        .open()
        .map(|(config, run, status)| {
            let reason = match status {
                RunStatus::Failed(reason) => reason.replace('\n', "; "),
                RunStatus::Interrupted => "begun and not finished".to_owned(),
                _ => String::new(),
            };
            [
                config.label.clone(),
                run.seed.to_string(),
                status.word().to_owned(),
                reason,
            ]
            .map(word)
            .to_vec()
        })
        .collect();
    (!rows.is_empty()).then(|| ComparisonTable {
        header: ["configuration", "seed", "state", "reason"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        words: 4,
    })
}

/// Score and metric of a baseline's name.
fn baseline(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(BASELINE_PREFIX)?.rsplit_once('.')
}

fn best_of<'a>(
    metric: &str,
    own: &Statistic,
    all: impl Iterator<Item = Option<&'a Statistic>>,
) -> bool {
    let good = direction(metric);
    let rivals: Vec<f64> = all.flatten().map(|value| value.mean).collect();
    good != Direction::Neutral
        && rivals.len() > 1
        && rivals
            .iter()
            .all(|&rival| !good.better(rival, own.mean) || number(rival) == number(own.mean))
}

fn heading(metric: &str) -> String {
    format!("{metric}{}", direction(metric).arrow())
}

/// How many runs there are, and what became of the others.
fn runs(config: &ConfigSummary) -> String {
    let finished = config.finished().count();
    let count = |word: &str| {
        let found = config.runs.iter().filter(|(_, s)| s.word() == word).count();
        (found > 0).then(|| format!("{found} {word}"))
    };
    let others = ["failed", "interrupted", "not run"].map(count);
    std::iter::once(finished.to_string())
        .chain(others.into_iter().flatten())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Mean ± deviation; the number of values where it is not that of the finished runs.
fn value(value: Option<&Statistic>, config: &ConfigSummary) -> String {
    let Some(value) = value else {
        return NONE.to_owned();
    };
    let mut text = number(value.mean);
    if let Some(deviation) = value.deviation {
        text.push_str(&format!(" ± {}", number(deviation)));
    }
    if value.count != config.finished().count() {
        text.push_str(&format!(" (n = {})", value.count));
    }
    text
}

/// Three digits after the point, without the zero before it; large numbers and counts plain.
fn number(value: f64) -> String {
    if value.abs() >= 2.0 {
        return if value.fract() == 0.0 {
            format!("{value:.0}")
        } else {
            format!("{value:.2}")
        };
    }
    let text = format!("{value:.3}");
    match text.strip_prefix("0.").or(text.strip_prefix("-0.")) {
        Some("000") => ".000".to_owned(),
        Some(digits) if value < 0.0 => format!("-.{digits}"),
        Some(digits) => format!(".{digits}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short() {
        let all = [0.8126, 1.0, 0.0, -0.0001, -0.25, 1000.0, 2.5].map(number);
        assert_eq!(
            all,
            [".813", "1.000", ".000", ".000", "-.250", "1000", "2.50"]
        );
    }
}
