//! The chosen threshold as a file, a figure and a part of the page.

use lam_metrics::{RiskScore, Selection, SelectiveCurve};
use lam_plot::{Block, Figure, RiskCoverage, RiskCoverageCurve, Table};
use serde_json::{Map, Value, json};

use super::RiskReport;
use crate::TrainError;
use crate::run::{RunFolder, RunMetadata, write_atomic};

/// Points of a drawn curve.
const CURVE_POINTS: usize = 1000;

/// What the guarantee takes for granted; part of every output.
const ASSUMPTIONS: [&str; 3] = [
    "test images come from the same distribution as the held-out ones",
    "queries are answered from a gallery like the held-out set, of its size: another size moves distances and risk",
    "the checkpoint, and a temperature if one was fitted, were chosen on the same held-out images",
];

/// What a threshold lets through, in words.
pub(crate) fn rule(score: RiskScore, threshold: Option<f64>) -> String {
    match (threshold, score) {
        (None, _) => "nothing".to_owned(),
        (Some(t), _) if t.is_infinite() => "everything".to_owned(),
        (Some(t), RiskScore::Confidence) => format!("confidence ≥ {:.4}", 1.0 - t),
        (Some(t), _) => format!("{} ≤ {t:.6}", score.name()),
    }
}

impl RiskReport {
    /// Header of [`RiskReport::rows`].
    pub const HEADER: [&'static str; 5] = ["answers", "accepted", "coverage", "wrong", "risk"];

    /// What the threshold accepts: the answers it rests on, the test answers in the held-out gallery and among
    /// themselves.
    pub fn rows(&self) -> Vec<[String; 5]> {
        let sets = [
            ("held out", self.control.held_out),
            ("test, in the held-out gallery", self.test_in_held_out),
            ("test, among themselves", self.test),
        ];
        sets.map(|(name, selection)| row(name, &selection)).to_vec()
    }

    /// What is accepted, in words.
    pub fn rule(&self) -> String {
        rule(self.score, self.control.threshold)
    }

    /// The guarantee in a sentence, or why there is none.
    pub fn guarantee(&self) -> String {
        let target = self.request.target;
        match self.control.upper_bound {
            Some(bound) => format!(
                "With probability {} at most {} of the accepted answers are wrong (upper bound {bound:.4}).",
                target.confidence(),
                target.risk(),
            ),
            None => format!(
                "Nothing can be accepted: no threshold on the {} of {} held-out answers shows a risk of at most {} with \
                 probability {} (that takes at least {} accepted answers, none of them wrong).",
                self.score.name(),
                self.control.held_out.queries,
                target.risk(),
                target.confidence(),
                target.fewest_answers(),
            ),
        }
    }

    /// How the score was chosen.
    pub fn choice(&self) -> String {
        let how = match self.request.score {
            Some(_) => "as asked for",
            None => "the one that promised to accept most",
        };
        format!(
            "Score: {} ({}), {how}; {} held-out images planned the test, {} others were tested.",
            self.score.name(),
            self.score.meaning(),
            self.planned_on,
            self.control.held_out.queries,
        )
    }

    /// Conformal risk control in a sentence.
    pub fn joint_sentence(&self) -> String {
        let joint = &self.joint;
        format!(
            "Conformal risk control of the joint risk accepts {}: of all test queries a share of {:.4} is accepted and wrong \
             ({:.4} on held-out answers; at most {} in expectation), at a coverage of {:.4}.",
            rule(self.score, joint.threshold),
            joint.test.joint_risk(),
            joint.held_out.joint_risk(),
            self.request.target.risk(),
            joint.test.coverage(),
        )
    }

    /// What the guarantee takes for granted.
    pub fn assumptions(&self) -> String {
        format!(
            "It takes for granted that {}. The held-out gallery has {} images, that of the test images among themselves {}.",
            ASSUMPTIONS.join("; that "),
            self.gallery,
            self.test.queries,
        )
    }
}

fn row(name: &str, selection: &Selection) -> [String; 5] {
    let risk = selection.risk();
    [
        name.to_owned(),
        format!("{} of {}", selection.accepted, selection.queries),
        format!("{:.4}", selection.coverage()),
        selection.wrong.to_string(),
        risk.map_or_else(|| "–".to_owned(), |risk| format!("{risk:.4}")),
    ]
}

/// Writes `risk.json`.
pub(crate) fn write(
    report: &RiskReport,
    metadata: &RunMetadata,
    folder: &RunFolder,
) -> Result<(), TrainError> {
    let text = format!("{:#}\n", json(report, metadata));
    Ok(write_atomic(&folder.risk_json(), text.as_bytes())?)
}

fn json(report: &RiskReport, metadata: &RunMetadata) -> Value {
    let metadata = metadata
        .fields()
        .map(|(name, value)| (name.to_owned(), value));
    let target = report.request.target;
    json!({
        "metadata": Map::from_iter(metadata),
        "target": { "risk": target.risk(), "confidence": target.confidence() },
        "score": report.score.name(),
        "score_was_chosen": report.request.score.is_none(),
        "gallery": report.gallery,
        "planned_on": report.planned_on,
        "accepts": accepts(report.control.threshold),
        "threshold": finite(report.control.threshold),
        "upper_bound": report.control.upper_bound,
        "held_out": selection(&report.control.held_out),
        "test_in_held_out_gallery": selection(&report.test_in_held_out),
        "test": selection(&report.test),
        "conformal_joint_risk": {
            "accepts": accepts(report.joint.threshold),
            "threshold": finite(report.joint.threshold),
            "held_out": selection(&report.joint.held_out),
            "test": selection(&report.joint.test),
        },
        "assumptions": ASSUMPTIONS,
    })
}

fn accepts(threshold: Option<f64>) -> &'static str {
    match threshold {
        None => "nothing",
        Some(threshold) if threshold.is_infinite() => "everything",
        Some(_) => "uncertainties up to the threshold",
    }
}

fn finite(threshold: Option<f64>) -> Option<f64> {
    threshold.filter(|threshold| threshold.is_finite())
}

fn selection(selection: &Selection) -> Value {
    json!({
        "queries": selection.queries,
        "accepted": selection.accepted,
        "wrong": selection.wrong,
        "coverage": selection.coverage(),
        "risk": selection.risk(),
        "joint_risk": selection.joint_risk(),
    })
}

/// Risk against coverage, with the threshold.
pub(super) fn figure(report: &RiskReport) -> Result<Figure, TrainError> {
    let curve = |name: &str, curve: &SelectiveCurve, chosen: &Selection| {
        let (coverage, risk) = curve.points(CURVE_POINTS).into_iter().unzip();
        RiskCoverageCurve {
            name: name.to_owned(),
            coverage,
            risk,
            chosen: chosen.risk().map(|risk| (chosen.coverage(), risk)),
        }
    };
    let figure = RiskCoverage {
        curves: vec![
            curve("held out", &report.held_out_curve, &report.control.held_out),
            curve(
                "test, in the held-out gallery",
                &report.test_in_held_out_curve,
                &report.test_in_held_out,
            ),
            curve("test, among themselves", &report.test_curve, &report.test),
        ],
        target: Some(report.request.target.risk()),
        ..RiskCoverage::default()
    };
    Ok(figure.figure()?)
}

/// The part of the page.
pub(super) fn blocks(report: &RiskReport, figure: Figure) -> Vec<Block> {
    let table = Table {
        caption: format!("Accepted is {}", report.rule()),
        header: RiskReport::HEADER.map(str::to_owned).to_vec(),
        rows: report.rows().into_iter().map(Vec::from).collect(),
        strong: Vec::new(),
    };
    let guarantee = match report.control.threshold {
        Some(_) => Block::Text(report.guarantee()),
        None => Block::Warning(report.guarantee()),
    };
    vec![
        guarantee,
        Block::Table(table),
        Block::Text(report.choice()),
        Block::Text(report.joint_sentence()),
        Block::Text(report.assumptions()),
        Block::Figure(figure),
    ]
}
