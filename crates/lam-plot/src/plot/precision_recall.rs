//! Precision against recall.

use crate::axis::{Axis, Panel, TickFormat, drawable};
use crate::error::{PlotError, same_length};
use crate::figure::Figure;
use crate::layout::{Curve, Legend, Page, Swatch, Trace};
use crate::svg::number::fixed;
use crate::svg::{Anchor, Text, Tone};

use super::chart::{Chart, reference_stroke, series_stroke};

/// One precision–recall curve.
#[derive(Clone, Debug, Default)]
pub struct PrCurve {
    /// Method; may be empty when there is one curve only.
    pub name: String,
    /// Recall, in drawing order.
    pub recall: Vec<f64>,
    /// Precision, one for each recall.
    pub precision: Vec<f64>,
    /// Area under the curve.
    pub auprc: f64,
}

/// Precision–recall curves of one or several methods.
#[derive(Clone, Debug)]
pub struct PrecisionRecall {
    /// Title.
    pub title: String,
    /// The curves.
    pub curves: Vec<PrCurve>,
    /// Share of positives: the precision of chance, drawn as a reference.
    pub prevalence: Option<f64>,
}

impl Default for PrecisionRecall {
    fn default() -> Self {
        Self {
            title: "Precision–recall: out of distribution by uncertainty".to_owned(),
            curves: Vec::new(),
            prevalence: None,
        }
    }
}

impl PrecisionRecall {
    /// Draws the figure, file stem `precision_recall`.
    ///
    /// # Errors
    /// [`PlotError::LengthMismatch`].
    pub fn figure(&self) -> Result<Figure, PlotError> {
        for curve in &self.curves {
            same_length(
                &format!("precision–recall curve `{}`", curve.name),
                ("recall", curve.recall.len()),
                ("precision", curve.precision.len()),
            )?;
        }
        let mut page = Page::square("precision_recall", &self.title);
        let axis = |label| Axis::linear((0.0, 1.0), 5, TickFormat::Number, label);
        let (panel, height) = Panel::square(page.inner_width(), axis("recall"), axis("precision"));
        let mut legend = Legend::default();
        let mut curves = Vec::new();
        let mut summary = Vec::new();
        for (i, curve) in self.curves.iter().enumerate() {
            let stroke = series_stroke(i);
            let value = format!("AUPRC {}", fixed(curve.auprc, 3));
            legend.push_valued(Swatch::Line(stroke), &curve.name, &value);
            summary.push(format!("{} {value}", curve.name));
            curves.push(
                Curve {
                    x: &curve.recall,
                    y: &curve.precision,
                    stroke,
                }
                .trace(&panel),
            );
        }
        page.alt = format!(
            "Precision–recall curve, precision against recall: {}.",
            summary.join("; ")
        );
        page.caption = "Precision against recall as the threshold on the uncertainty moves. \
                        The dashed line is chance: the share of positives."
            .to_owned();
        let prevalence = self.prevalence.filter(|p| drawable(*p));
        let references = prevalence
            .map(|p| Trace::line(panel.place(0.0, p), panel.place(1.0, p), reference_stroke()));
        let chart = Chart {
            panel,
            height,
            references: references.into_iter().collect(),
            curves,
            legend,
        };
        Ok(chart.compose(page, |canvas, panel| {
            if let Some(p) = prevalence {
                let (x, y) = panel.place(1.0, p);
                let below = if p < 0.1 { -5.0 } else { 14.0 };
                canvas.text(
                    (x - 4.0, y + below),
                    "chance",
                    Text::new(11.0, Tone::Muted).anchor(Anchor::End).halo(),
                );
            }
        }))
    }
}
