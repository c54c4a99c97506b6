//! Risk among the accepted answers against the share that is accepted.

use crate::axis::{Axis, Panel, TickFormat, drawable, extent};
use crate::error::{PlotError, same_length};
use crate::figure::Figure;
use crate::layout::{Curve, Legend, Page, Swatch, Trace};
use crate::svg::number::fixed;
use crate::svg::{Anchor, Text, Tone};

use super::chart::{Chart, reference_stroke, series_stroke};

/// The curve of one set of answers.
#[derive(Clone, Debug, Default)]
pub struct RiskCoverageCurve {
    /// The answers, such as "held out" or "test".
    pub name: String,
    /// Share of the answers that is accepted, 0 to 1, rising.
    pub coverage: Vec<f64>,
    /// Share of wrong ones among them, one for each coverage.
    pub risk: Vec<f64>,
    /// Coverage and risk at the threshold that was chosen; none where nothing is accepted.
    pub chosen: Option<(f64, f64)>,
}

/// Risk–coverage curves with the threshold that was chosen.
#[derive(Clone, Debug)]
pub struct RiskCoverage {
    /// Title.
    pub title: String,
    /// The curves.
    pub curves: Vec<RiskCoverageCurve>,
    /// The risk asked for.
    pub target: Option<f64>,
}

impl Default for RiskCoverage {
    fn default() -> Self {
        Self {
            title: "Risk and coverage of accepted answers".to_owned(),
            curves: Vec::new(),
            target: None,
        }
    }
}

impl RiskCoverage {
    /// Draws the figure, file stem `risk_coverage`.
    ///
    /// # Errors
    /// [`PlotError::LengthMismatch`].
    pub fn figure(&self) -> Result<Figure, PlotError> {
        for curve in &self.curves {
            same_length(
                &format!("risk–coverage curve `{}`", curve.name),
                ("coverage", curve.coverage.len()),
                ("risk", curve.risk.len()),
            )?;
        }
        let mut page = Page::wide("risk_coverage", &self.title);
        let target = self.target.filter(|target| drawable(*target));
        let panel = self.panel(page.inner_width(), target);
        let mut legend = Legend::default();
        let (mut curves, mut summary, mut marks) = (Vec::new(), Vec::new(), Vec::new());
        for (i, curve) in self.curves.iter().enumerate() {
            let stroke = series_stroke(i);
            let chosen = curve.chosen.filter(|(x, y)| drawable(*x) && drawable(*y));
            let value = match chosen {
                Some((coverage, risk)) => {
                    marks.push((panel.place(coverage, risk), stroke.tone));
                    format!("risk {} at {}", fixed(risk, 3), fixed(coverage, 3))
                }
                None => "nothing accepted".to_owned(),
            };
            legend.push_valued(Swatch::Line(stroke), &curve.name, &value);
            summary.push(format!("{}: {value}", curve.name));
            let trace = Curve {
                x: &curve.coverage,
                y: &curve.risk,
                stroke,
            };
            curves.push(trace.trace(&panel));
        }
        let height = target.map(|target| panel.place(0.0, target).1);
        let line = height.map(|y| {
            let ends = ((panel.x, y), (panel.x + panel.width, y));
            Trace::line(ends.0, ends.1, reference_stroke())
        });
        page.alt = format!(
            "Risk against coverage, the most certain answers accepted first: {}.",
            summary.join("; ")
        );
        page.caption = "Share of wrong nearest neighbours among the accepted answers, as more and \
                        more uncertain ones are accepted. The dots mark the threshold chosen on \
                        held-out answers; the dashed line is the risk asked for."
            .to_owned();
        let chart = Chart {
            panel,
            height: HEIGHT,
            references: line.into_iter().collect(),
            curves,
            legend,
        };
        Ok(chart.compose(page, |canvas, panel| {
            for (place, tone) in marks {
                canvas.circle(place, 6.0, Tone::Paper, 1.0);
                canvas.circle(place, 4.5, tone, 1.0);
            }
            if let Some(y) = height {
                canvas.text(
                    (panel.x + 4.0, y - 5.0),
                    "risk asked for",
                    Text::new(11.0, Tone::Muted).anchor(Anchor::Start).halo(),
                );
            }
        }))
    }

    fn panel(&self, width: f64, target: Option<f64>) -> Panel {
        let risks = self.curves.iter().flat_map(|curve| &curve.risk);
        let chosen = self.curves.iter().filter_map(|curve| curve.chosen);
        let all = risks.copied().chain(chosen.map(|(_, risk)| risk));
        let (low, high) = extent(all.chain(target)).unwrap_or((0.0, 1.0));
        let coverages = self.curves.iter().flat_map(|curve| &curve.coverage);
        let (start, end) = extent(coverages.copied()).unwrap_or((0.0, 1.0));
        // From nothing wrong upwards, with room for the label of the line.
        let pad = (high - low.min(0.0)).abs().max(0.01) * 0.08;
        Panel::fill(
            [0.0, 0.0, width, HEIGHT],
            Axis::linear(
                (start.min(0.0), end.max(1.0)),
                5,
                TickFormat::Percent,
                "share of answers accepted, the most certain first",
            ),
            Axis::linear(
                (low.min(0.0), high + pad),
                5,
                TickFormat::Percent,
                "wrong among the accepted",
            ),
        )
    }
}

const HEIGHT: f64 = 400.0;
