//! The figure of the training curves, from the log.

use std::collections::BTreeMap;
use std::path::Path;

use lam_plot::{Figure, Series, TrainingCurves, TrainingPanel, VerticalScale};
use serde_json::{Map, Value};

use crate::TrainError;
use crate::run::read_log;

/// One panel of the figure.
struct Panel {
    title: &'static str,
    event: &'static str,
    /// Names in the log, and the names they are drawn under.
    values: &'static [(&'static str, &'static str)],
    scale: VerticalScale,
}

const PANELS: &[Panel] = &[
    Panel {
        title: "loss",
        event: "step",
        values: &[("loss", "")],
        scale: VerticalScale::Linear,
    },
    Panel {
        title: "mean distance of mined pairs",
        event: "step",
        values: &[
            ("positive_distance", "positive"),
            ("negative_distance", "negative"),
        ],
        scale: VerticalScale::Linear,
    },
    Panel {
        title: "validation",
        event: "validation",
        values: &[
            ("recall@1", "recall@1"),
            ("map@5", "mAP@5"),
            ("auroc", "AUROC"),
            ("ausc", "AUSC"),
            ("ece", "ECE"),
        ],
        scale: VerticalScale::Linear,
    },
    Panel {
        title: "posterior deviation of a weight",
        event: "step",
        values: &[("sigma_mean", "")],
        scale: VerticalScale::Logarithmic,
    },
    Panel {
        title: "learning rate",
        event: "step",
        values: &[("learning_rate", "")],
        scale: VerticalScale::Linear,
    },
];

/// The curves of a log; none where there is no log.
pub(super) fn draw(log: &Path) -> Result<Option<Figure>, TrainError> {
    if !log.exists() {
        return Ok(None);
    }
    let lines = read_log(log)?;
    let panels: Vec<TrainingPanel> = PANELS
        .iter()
        .map(|panel| TrainingPanel {
            title: panel.title.to_owned(),
            series: panel
                .values
                .iter()
                .map(|&(key, name)| series(&lines, panel.event, key, name))
                .filter(|series| !series.x.is_empty())
                .collect(),
            scale: panel.scale,
        })
        .filter(|panel| !panel.series.is_empty())
        .collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let curves = TrainingCurves {
        x_label: "step".to_owned(),
        panels,
        ..TrainingCurves::default()
    };
    Ok(Some(curves.figure()?))
}

fn series(lines: &[Map<String, Value>], event: &str, key: &str, name: &str) -> Series {
    let points: BTreeMap<u64, f64> = lines
        .iter()
        .filter(|line| line.get("event").and_then(Value::as_str) == Some(event))
        .filter_map(|line| Some((line.get("step")?.as_u64()?, line.get(key)?.as_f64()?)))
        .collect();
    let (x, y) = points
        .into_iter()
        .map(|(step, value)| (step as f64, value))
        .unzip();
    Series {
        name: name.to_owned(),
        x,
        y,
    }
}
