//! Receiver operating characteristic.

use crate::axis::{Axis, Panel, TickFormat};
use crate::error::{PlotError, same_length};
use crate::figure::Figure;
use crate::layout::{Curve, Legend, Page, Swatch, Trace};
use crate::svg::number::fixed;
use crate::svg::{Anchor, Text, Tone};

use super::chart::{Chart, reference_stroke, series_stroke};

/// One ROC curve.
#[derive(Clone, Debug, Default)]
pub struct RocCurve {
    /// Method; may be empty when there is one curve only.
    pub name: String,
    /// False positive rates, in drawing order.
    pub false_positive_rate: Vec<f64>,
    /// True positive rates, one for each false positive rate.
    pub true_positive_rate: Vec<f64>,
    /// Area under the curve.
    pub auroc: f64,
}

/// ROC curves of one or several methods, with the diagonal of chance.
#[derive(Clone, Debug)]
pub struct Roc {
    /// Title.
    pub title: String,
    /// The curves.
    pub curves: Vec<RocCurve>,
}

impl Default for Roc {
    fn default() -> Self {
        Self {
            title: "ROC: out of distribution by uncertainty".to_owned(),
            curves: Vec::new(),
        }
    }
}

impl Roc {
    /// Draws the figure, file stem `roc`.
    ///
    /// # Errors
    /// [`PlotError::LengthMismatch`].
    pub fn figure(&self) -> Result<Figure, PlotError> {
        for curve in &self.curves {
            same_length(
                &format!("ROC curve `{}`", curve.name),
                ("false_positive_rate", curve.false_positive_rate.len()),
                ("true_positive_rate", curve.true_positive_rate.len()),
            )?;
        }
        let mut page = Page::square("roc", &self.title);
        let axis = |label| Axis::linear((0.0, 1.0), 5, TickFormat::Number, label);
        let (panel, height) = Panel::square(
            page.inner_width(),
            axis("false positive rate"),
            axis("true positive rate"),
        );
        let mut legend = Legend::default();
        let mut curves = Vec::new();
        let mut summary = Vec::new();
        for (i, curve) in self.curves.iter().enumerate() {
            let stroke = series_stroke(i);
            let value = format!("AUROC {}", fixed(curve.auroc, 3));
            legend.push_valued(Swatch::Line(stroke), &curve.name, &value);
            summary.push(format!("{} {value}", curve.name));
            curves.push(
                Curve {
                    x: &curve.false_positive_rate,
                    y: &curve.true_positive_rate,
                    stroke,
                }
                .trace(&panel),
            );
        }
        page.alt = format!(
            "ROC curve, true against false positive rate: {}.",
            summary.join("; ")
        );
        page.caption =
            "True against false positive rate as the threshold on the uncertainty moves. \
                        The dashed diagonal is chance."
                .to_owned();
        let chance = Trace::line(
            panel.place(0.0, 0.0),
            panel.place(1.0, 1.0),
            reference_stroke(),
        );
        let chart = Chart {
            panel,
            height,
            references: vec![chance],
            curves,
            legend,
        };
        Ok(chart.compose(page, |canvas, panel| {
            let (x, y) = panel.place(0.88, 0.88);
            canvas.text(
                (x + 10.0, y + 10.0),
                "chance",
                Text::new(11.0, Tone::Muted)
                    .anchor(Anchor::Middle)
                    .rotate(-45.0)
                    .halo(),
            );
        }))
    }
}
