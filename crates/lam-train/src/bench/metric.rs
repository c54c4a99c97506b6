//! What is known of a metric from its name. For a new metric, add it here.

/// Which end of a metric is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The more the better.
    Higher,
    /// The less the better.
    Lower,
    /// Neither is better: counts and shares that describe.
    Neutral,
}

impl Direction {
    /// An arrow for headings, after a blank; empty where neither end is better.
    pub fn arrow(self) -> &'static str {
        match self {
            Self::Higher => " ↑",
            Self::Lower => " ↓",
            Self::Neutral => "",
        }
    }

    /// In a word, for records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Neutral => "neutral",
        }
    }

    /// Whether `a` is better than `b`.
    pub fn better(self, a: f64, b: f64) -> bool {
        match self {
            Self::Higher => a > b,
            Self::Lower => a < b,
            Self::Neutral => false,
        }
    }
}

/// The metrics that tables for people show.
pub const MAIN_METRICS: [&str; 8] = [
    "recall@1", "map@5", "map@10", "auroc", "auprc", "ausc", "ece", "r_auroc",
];

/// What metrics of honest baselines begin with: `baseline.<score>.<metric>`.
pub(super) const BASELINE_PREFIX: &str = "baseline.";

const HIGHER: [&str; 7] = [
    "map@r",
    "auroc",
    "auprc",
    "auprc_trapezoid",
    "ausc",
    "r_auroc",
    "coverage",
];
const LOWER: [&str; 4] = ["ece", "ece_open_last_bin", "ece_uncalibrated", "risk"];

/// The good end of a metric; neutral for names that are not known.
pub fn direction(name: &str) -> Direction {
    let name = name
        .strip_prefix(BASELINE_PREFIX)
        .and_then(|rest| rest.rsplit_once('.'))
        .map_or(name, |(_, metric)| metric);
    let at_k = ["recall@", "map@"].iter().any(|prefix| {
        let k = name.strip_prefix(prefix);
        k.is_some_and(|k| k.parse::<usize>().is_ok())
    });
    if at_k || HIGHER.contains(&name) {
        Direction::Higher
    } else if LOWER.contains(&name) {
        Direction::Lower
    } else {
        Direction::Neutral
    }
}

/// Whether a validation may report a metric of this name that has a good end.
pub fn is_validation_metric(name: &str) -> bool {
    direction(name) != Direction::Neutral
}
