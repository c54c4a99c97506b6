//! `curves.json`: the curves behind a run's figures, so that several runs can be drawn over each other.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RunError;
use super::atomic::write_atomic;

/// Version of the format; others are not read.
const VERSION: u32 = 1;
/// Points of a curve; more cannot be told apart in a figure.
const POINTS: usize = 400;
/// A larger file is not ours.
const MAX_BYTES: u64 = 4 << 20;

/// Points of a curve.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Horizontal places, never falling.
    pub x: Vec<f64>,
    /// A height for each.
    pub y: Vec<f64>,
}

/// A bin of a reliability diagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceBin {
    /// Images in the bin.
    pub count: u64,
    /// Their mean confidence; 0 in an empty bin.
    pub confidence: f64,
    /// Share of them whose nearest neighbour is right; 0 in an empty bin.
    pub accuracy: f64,
}

/// The curves of a run; those that its method does not have are absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunCurves {
    pub(crate) version: u32,
    /// True against false positive rate.
    pub roc: Option<Line>,
    /// Precision against recall.
    pub precision_recall: Option<Line>,
    /// Share of out-of-distribution images: the precision of chance.
    pub prevalence: Option<f64>,
    /// Accuracy against the share of images removed.
    pub sparsification: Option<Line>,
    /// Ten bins of confidence, the last one closed.
    pub calibration: Option<Vec<ConfidenceBin>>,
}

impl From<&lam_metrics::Evaluation> for RunCurves {
    fn from(measured: &lam_metrics::Evaluation) -> Self {
        let line = |curve: lam_metrics::Curve| Line {
            x: curve.x,
            y: curve.y,
        };
        let ood = measured.out_of_distribution.as_ref();
        let bin = |bin: &lam_metrics::Bin| ConfidenceBin {
            count: bin.count as u64,
            confidence: bin.mean_confidence,
            accuracy: bin.accuracy,
        };
        Self {
            version: VERSION,
            roc: ood.map(|ood| line(ood.ranking.roc_curve(POINTS))),
            precision_recall: ood.map(|ood| line(ood.ranking.precision_recall_curve(POINTS))),
            prevalence: ood.map(|ood| {
                let (known, foreign) = (ood.known.len() as f64, ood.foreign.len() as f64);
                foreign / (known + foreign)
            }),
            sparsification: measured.sparsification.as_ref().map(|s| Line {
                x: s.removed.clone(),
                y: s.accuracy.clone(),
            }),
            calibration: measured
                .calibration
                .as_ref()
                .map(|calibration| calibration.bins.iter().map(bin).collect()),
        }
    }
}

impl RunCurves {
    /// Writes the file whole or not at all.
    ///
    /// # Errors
    /// The path and the system's reason.
    pub fn write(&self, path: &Path) -> Result<(), RunError> {
        let text = serde_json::to_string(self).map_err(|error| RunError::Corrupt {
            path: path.to_owned(),
            line: None,
            reason: error.to_string(),
        })?;
        write_atomic(path, format!("{text}\n").as_bytes())
    }

    /// Reads a file that [`RunCurves::write`] wrote; none where there is no file.
    ///
    /// # Errors
    /// The file cannot be read, is of another version, or its parts do not fit together.
    pub fn read(path: &Path) -> Result<Option<Self>, RunError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(RunError::io("read", path)(error)),
        };
        let mut text = String::new();
        file.take(MAX_BYTES)
            .read_to_string(&mut text)
            .map_err(RunError::io("read", path))?;
        Self::parse(&text)
            .map(Some)
            .map_err(|reason| RunError::Corrupt {
                path: path.to_owned(),
                line: None,
                reason: format!("{reason}; `lam eval` on the run writes it again"),
            })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let curves: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if curves.version != VERSION {
            return Err(format!(
                "version {} of the curves, expected {VERSION}",
                curves.version
            ));
        }
        let lines = [
            ("roc", &curves.roc),
            ("precision_recall", &curves.precision_recall),
            ("sparsification", &curves.sparsification),
        ];
        for (name, line) in lines {
            let Some(line) = line else { continue };
            if line.x.is_empty() || line.x.len() != line.y.len() {
                return Err(format!(
                    "'{name}' has {} places and {} heights",
                    line.x.len(),
                    line.y.len()
                ));
            }
            if line.x.windows(2).any(|pair| pair[1] < pair[0]) {
                return Err(format!("the places of '{name}' fall"));
            }
        }
        Ok(curves)
    }
}
