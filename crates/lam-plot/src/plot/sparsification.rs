//! Accuracy of what is left as the most uncertain are removed.

use crate::axis::{Axis, Panel, TickFormat, drawable, extent};
use crate::error::{PlotError, same_length};
use crate::figure::Figure;
use crate::layout::{Curve, Legend, Page, Swatch, Trace};
use crate::svg::number::fixed;
use crate::svg::{Anchor, Stroke, Text, Tone};

use super::chart::{Chart, reference_stroke, series_stroke};

/// One sparsification curve.
#[derive(Clone, Debug, Default)]
pub struct SparsificationCurve {
    /// Method; may be empty when there is one curve only.
    pub name: String,
    /// Share of images removed, 0 to 1.
    pub removed: Vec<f64>,
    /// Accuracy of the nearest neighbour over the rest.
    pub accuracy: Vec<f64>,
    /// Area under the curve.
    pub ausc: f64,
    /// The best that any uncertainty could reach: wrong ones removed first; one for each share.
    pub oracle: Option<Vec<f64>>,
}

/// Sparsification curves of one or several methods.
#[derive(Clone, Debug)]
pub struct Sparsification {
    /// Title.
    pub title: String,
    /// The curves.
    pub curves: Vec<SparsificationCurve>,
    /// Accuracy when images are removed at random: that of all images.
    pub random: Option<f64>,
}

impl Default for Sparsification {
    fn default() -> Self {
        Self {
            title: "Sparsification: accuracy without the most uncertain".to_owned(),
            curves: Vec::new(),
            random: None,
        }
    }
}

impl Sparsification {
    /// Draws the figure, file stem `sparsification`.
    ///
    /// # Errors
    /// [`PlotError::LengthMismatch`].
    pub fn figure(&self) -> Result<Figure, PlotError> {
        for curve in &self.curves {
            let label = format!("sparsification curve `{}`", curve.name);
            let removed = ("removed", curve.removed.len());
            same_length(&label, removed, ("accuracy", curve.accuracy.len()))?;
            if let Some(oracle) = &curve.oracle {
                same_length(&label, removed, ("oracle", oracle.len()))?;
            }
        }
        let mut page = Page::wide("sparsification", &self.title);
        let random = self.random.filter(|r| drawable(*r));
        let panel = self.panel(page.inner_width(), random);
        let mut legend = Legend::default();
        let (mut references, mut curves, mut summary) = (Vec::new(), Vec::new(), Vec::new());
        // Methods with the same errors have the same oracle: draw it once, in no one's colour.
        let oracles: Vec<_> = self
            .curves
            .iter()
            .filter_map(|c| c.oracle.as_ref())
            .collect();
        let one_oracle = oracles.windows(2).all(|pair| pair[0] == pair[1]);
        for (i, curve) in self.curves.iter().enumerate() {
            let stroke = series_stroke(i);
            let value = format!("AUSC {}", fixed(curve.ausc, 3));
            legend.push_valued(Swatch::Line(stroke), &curve.name, &value);
            summary.push(format!("{} {value}", curve.name));
            let trace = |y, stroke| {
                Curve {
                    x: &curve.removed,
                    y,
                    stroke,
                }
                .trace(&panel)
            };
            curves.push(trace(&curve.accuracy, stroke));
            if let Some(oracle) = &curve.oracle {
                let tone = if one_oracle { Tone::Muted } else { stroke.tone };
                if !one_oracle || references.is_empty() {
                    references.push(trace(oracle, Stroke::dashed(tone, 1.2, ORACLE_DASH)));
                }
            }
        }
        if !references.is_empty() {
            let stroke = Stroke::dashed(Tone::Muted, 1.2, ORACLE_DASH);
            legend.push(Swatch::Line(stroke), "oracle: wrong ones removed first");
        }
        if let Some(random) = random {
            let (x, y) = panel.place(0.0, random);
            let end = (panel.x + panel.width, y);
            references.push(Trace::line((x, y), end, reference_stroke()));
        }
        page.alt = format!(
            "Sparsification curve, accuracy against the share of images removed: {}.",
            summary.join("; ")
        );
        page.caption = "Accuracy of the nearest neighbour over the images that remain as the most \
                        uncertain are removed. A useful uncertainty makes the curve rise; removal at \
                        random leaves it flat."
            .to_owned();
        let chart = Chart {
            panel,
            height: HEIGHT,
            references,
            curves,
            legend,
        };
        Ok(chart.compose(page, |canvas, panel| {
            if let Some(random) = random {
                let (_, y) = panel.place(0.0, random);
                canvas.text(
                    (panel.x + panel.width - 4.0, y - 5.0),
                    "removed at random",
                    Text::new(11.0, Tone::Muted).anchor(Anchor::End).halo(),
                );
            }
        }))
    }

    fn panel(&self, width: f64, random: Option<f64>) -> Panel {
        let accuracies = self
            .curves
            .iter()
            .flat_map(|c| c.accuracy.iter().chain(c.oracle.iter().flatten()))
            .copied()
            .chain(random);
        let (lo, hi) = extent(accuracies).unwrap_or((0.0, 1.0));
        let pad = ((hi - lo) * 0.06).max(0.005);
        // Accuracies end at 1, whatever the padding.
        let top = if hi <= 1.0 {
            (hi + pad).min(1.0)
        } else {
            hi + pad
        };
        let removed = extent(self.curves.iter().flat_map(|c| c.removed.iter().copied()));
        let end = removed.map_or(1.0, |(_, hi)| hi).max(1.0);
        let start = removed.map_or(0.0, |(lo, _)| lo).min(0.0);
        Panel::fill(
            [0.0, 0.0, width, HEIGHT],
            Axis::linear(
                (start, end),
                5,
                TickFormat::Percent,
                "share of images removed, the most uncertain first",
            ),
            Axis::linear(
                (lo - pad, top),
                5,
                TickFormat::Number,
                "accuracy of the nearest neighbour",
            ),
        )
    }
}

const HEIGHT: f64 = 400.0;
const ORACLE_DASH: &str = "1.5 2.5";
