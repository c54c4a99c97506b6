//! What is known of a metric from its name: which end is the good one, what it means, how it is written. For a new
//! metric, add a line to the table.

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
pub const BASELINE_PREFIX: &str = "baseline.";

/// Name, good end, meaning.
type Known = (&'static str, Direction, &'static str);

const KNOWN: &[Known] = {
    use Direction::{Higher, Lower, Neutral};
    &[
        (
            "map@r",
            Higher,
            "mean average precision at R, the number of positives",
        ),
        (
            "auroc",
            Higher,
            "chance that an unknown image is more uncertain than a test image",
        ),
        (
            "auprc",
            Higher,
            "average precision of finding unknown images by their uncertainty",
        ),
        ("auprc_trapezoid", Higher, "the same area by trapezoids"),
        (
            "ausc",
            Higher,
            "accuracy of the nearest neighbour while the most uncertain are removed",
        ),
        (
            "r_auroc",
            Higher,
            "chance that a wrong answer is more uncertain than a right one",
        ),
        (
            "ece",
            Lower,
            "gap between confidence, the samples that agree, and accuracy",
        ),
        (
            "ece_open_last_bin",
            Lower,
            "the same without confidence 1, as the released code",
        ),
        (
            "ece_open_last_bin_drops",
            Neutral,
            "share of the queries that this leaves out",
        ),
        (
            "ece_uncalibrated",
            Lower,
            "ECE before the temperature was fitted",
        ),
        (
            "temperature",
            Neutral,
            "factor on the posterior's covariance, fitted on held-out images",
        ),
        (
            "brier",
            Lower,
            "mean squared gap between confidence and being right",
        ),
        ("nll", Lower, "mean negative log likelihood of being right"),
        (
            "queries",
            Neutral,
            "queries that recall and mAP are means over",
        ),
        (
            "queries_without_positives",
            Neutral,
            "left out of them: no other image of the class",
        ),
        ("coverage", Higher, "share of the answers that is accepted"),
        ("risk", Lower, "share of the accepted answers that is wrong"),
    ]
};

/// `recall@k` and `map@k`.
const AT_K: [(&str, &str); 2] = [
    (
        "recall@",
        "share of queries with a positive among the k nearest",
    ),
    ("map@", "mean average precision at k"),
];

fn known(name: &str) -> Option<(Direction, &'static str)> {
    let listed = KNOWN.iter().find(|(known, ..)| *known == name);
    if let Some(&(_, direction, meaning)) = listed {
        return Some((direction, meaning));
    }
    let at_k = AT_K.iter().find(|(prefix, _)| {
        let k = name.strip_prefix(prefix);
        k.is_some_and(|k| k.parse::<usize>().is_ok())
    });
    at_k.map(|&(_, meaning)| (Direction::Higher, meaning))
}

/// The good end of a metric; neutral for names that are not known.
pub fn direction(name: &str) -> Direction {
    let name = name
        .strip_prefix(BASELINE_PREFIX)
        .and_then(|rest| rest.rsplit_once('.'))
        .map_or(name, |(_, metric)| metric);
    known(name).map_or(Direction::Neutral, |(direction, _)| direction)
}

/// What a metric says, in a line; empty for names that are not known.
pub fn meaning(name: &str) -> &'static str {
    known(name).map_or("", |(_, meaning)| meaning)
}

/// A value for people: four digits after the point; counts without.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        "undefined".to_owned()
    } else if value.fract() == 0.0 && value.abs() >= 2.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.4}")
    }
}

/// Whether a validation may report a metric of this name that has a good end.
pub fn is_validation_metric(name: &str) -> bool {
    direction(name) != Direction::Neutral
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits_and_counts_none() {
        let all = [0.123_45, 1.0, 0.0, 1000.0, f64::NAN, -12.5].map(number);
        assert_eq!(
            all,
            [
                "0.1235",
                "1.0000",
                "0.0000",
                "1000",
                "undefined",
                "-12.5000"
            ]
        );
    }

    #[test]
    fn a_name_tells_end_and_meaning() {
        assert_eq!(direction("map@5"), Direction::Higher);
        assert_eq!(direction("baseline.feature_norm.ausc"), Direction::Higher);
        assert_eq!(direction("nll"), Direction::Lower);
        assert_eq!(direction("map@many"), Direction::Neutral);
        assert_eq!(meaning("recall@20"), meaning("recall@1"));
        assert_eq!(meaning("unheard_of"), "");
    }
}
