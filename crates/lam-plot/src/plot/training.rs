//! Curves over training.

use crate::axis::{Axis, Panel, TickFormat, drawable, extent};
use crate::error::{PlotError, same_length};
use crate::figure::Figure;
use crate::layout::curve::skipped_note;
use crate::layout::page::{HEADING, draw_heading};
use crate::layout::{Curve, Legend, Page, Swatch, Trace};
use crate::svg::font::{fit_text, text_width};
use crate::svg::number::significant;
use crate::svg::{Canvas, Text, Tone, Weight};

use super::chart::series_stroke;

/// One curve.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Name; may be empty when the panel has one series only.
    pub name: String,
    /// Epochs or steps.
    pub x: Vec<f64>,
    /// Values, one for each.
    pub y: Vec<f64>,
}

/// How the vertical axis is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VerticalScale {
    /// In equal steps.
    #[default]
    Linear,
    /// In equal ratios; linear if some value is not above zero.
    Logarithmic,
}

/// Curves that share one vertical axis.
#[derive(Clone, Debug, Default)]
pub struct TrainingPanel {
    /// Heading: what is drawn.
    pub title: String,
    /// The curves.
    pub series: Vec<Series>,
    /// Vertical axis.
    pub scale: VerticalScale,
}

/// Panels one above the other over one horizontal axis.
#[derive(Clone, Debug)]
pub struct TrainingCurves {
    /// Title.
    pub title: String,
    /// Label of the horizontal axis: "epoch" or "step".
    pub x_label: String,
    /// The panels, from above.
    pub panels: Vec<TrainingPanel>,
}

impl Default for TrainingCurves {
    fn default() -> Self {
        Self {
            title: "Training".to_owned(),
            x_label: "epoch".to_owned(),
            panels: Vec::new(),
        }
    }
}

/// Longer series are drawn as the means of this many parts.
const MOST_POINTS: usize = 600;
const PLOT_HEIGHT: f64 = 130.0;
const LABEL_SIZE: f64 = 11.0;
/// Series with a label at the end of their line; more get a legend.
const MOST_LABELS: usize = 6;
const WIDEST_LABEL: f64 = 130.0;

impl TrainingCurves {
    /// Draws the figure, file stem `training`.
    ///
    /// # Errors
    /// [`PlotError::LengthMismatch`].
    pub fn figure(&self) -> Result<Figure, PlotError> {
        let all = || self.panels.iter().flat_map(|p| &p.series);
        for series in all() {
            let label = format!("training curve `{}`", series.name);
            same_length(&label, ("x", series.x.len()), ("y", series.y.len()))?;
        }
        let mut page = Page::wide("training", &self.title);
        let width = page.inner_width();
        let range = extent(all().flat_map(|s| s.x.iter().copied())).unwrap_or((0.0, 1.0));
        let x_axis = |label: &str| Axis::linear(range, 8, TickFormat::Number, label);
        let prepared: Vec<Prepared> = self.panels.iter().map(Prepared::of).collect();
        let empty = TrainingPanel::default();
        let insets: Vec<_> = self
            .panels
            .iter()
            .zip(&prepared)
            .map(|(p, q)| Panel::insets(&x_axis("x"), &q.axis(p)))
            .collect();
        let left = insets.iter().map(|i| i.left).fold(12.0, f64::max);
        let right = prepared.iter().map(|p| p.label_width).fold(8.0, f64::max);
        let mut drawing = Canvas::default();
        let mut y = 0.0;
        let mut traces = Vec::new();
        let fallback = Prepared::of(&empty);
        let pairs: Vec<_> = if self.panels.is_empty() {
            vec![(&empty, &fallback)]
        } else {
            self.panels.iter().zip(&prepared).collect()
        };
        let last = pairs.len() - 1;
        for (i, (panel, prepared)) in pairs.into_iter().enumerate() {
            draw_heading(&mut drawing, (0.0, y), width, &panel.title);
            y += HEADING;
            if prepared.label_width == 0.0 {
                let legend = panel.legend();
                legend.draw_rows(&mut drawing, (0.0, y), width);
                y += legend.rows_height(width);
            }
            let x_label = if i == last { self.x_label.as_str() } else { "" };
            let frame = Panel {
                x: left,
                y: y + 6.0,
                width: width - left - right,
                height: PLOT_HEIGHT,
                x_axis: x_axis(x_label),
                y_axis: prepared.axis(panel),
            };
            frame.draw_axes(&mut drawing);
            traces.extend(prepared.draw(&mut drawing, &frame, panel));
            y += PLOT_HEIGHT + 10.0 + Panel::insets(&frame.x_axis, &frame.y_axis).bottom;
        }
        if prepared.iter().any(|p| p.averaged) {
            page.note(format!(
                "Curves of more than {MOST_POINTS} points are drawn as means over {MOST_POINTS} parts; \
                 the band reaches from the smallest to the largest value of each part."
            ));
        }
        page.note(skipped_note(&traces));
        let ends: Vec<String> = all()
            .filter_map(|s| {
                let end = s.y.iter().rev().find(|v| drawable(**v))?;
                Some(format!("{} ends at {}", s.name, significant(*end, 3)))
            })
            .collect();
        page.alt = format!("Training curves by {}: {}.", self.x_label, ends.join("; "));
        page.caption = format!("The course of training by {}.", self.x_label);
        Ok(page.compose(&drawing, y))
    }
}

impl TrainingPanel {
    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        for (i, series) in self.series.iter().enumerate() {
            legend.push(Swatch::Line(series_stroke(i)), &series.name);
        }
        legend
    }
}

/// A panel's series, shortened for drawing.
struct Prepared {
    series: Vec<Reduced>,
    averaged: bool,
    /// Space for labels at the ends of the lines; zero for a legend instead.
    label_width: f64,
}

/// A series of at most [`MOST_POINTS`] parts.
#[derive(Default)]
struct Reduced {
    x: Vec<f64>,
    mean: Vec<f64>,
    /// Smallest and largest value of each part; empty when nothing was averaged.
    band: Vec<(f64, f64)>,
}

impl Reduced {
    fn of(series: &Series) -> Self {
        if series.x.len() <= MOST_POINTS {
            return Self {
                x: series.x.clone(),
                mean: series.y.clone(),
                band: Vec::new(),
            };
        }
        let size = series.x.len().div_ceil(MOST_POINTS);
        let mut out = Self::default();
        for (x, y) in series.x.chunks(size).zip(series.y.chunks(size)) {
            let finite: Vec<f64> = y.iter().copied().filter(|v| drawable(*v)).collect();
            let Some(band) = extent(finite.iter().copied()) else {
                continue;
            };
            let n = finite.len() as f64;
            out.x.push(x.iter().map(|v| v / x.len() as f64).sum());
            out.mean.push(finite.iter().map(|v| v / n).sum());
            out.band.push(band);
        }
        out
    }
}

impl Prepared {
    fn of(panel: &TrainingPanel) -> Self {
        let labels = if panel.series.len() <= MOST_LABELS {
            panel
                .series
                .iter()
                .map(|s| text_width(&end_label(&s.name), LABEL_SIZE, Weight::Regular) * 1.06)
                .fold(0.0, f64::max)
                + 14.0
        } else {
            0.0
        };
        Self {
            series: panel.series.iter().map(Reduced::of).collect(),
            averaged: panel.series.iter().any(|s| s.x.len() > MOST_POINTS),
            label_width: labels,
        }
    }

    fn axis(&self, panel: &TrainingPanel) -> Axis {
        let values = self.series.iter().flat_map(|s| {
            let band = s.band.iter().flat_map(|(lo, hi)| [*lo, *hi]);
            s.mean.iter().copied().chain(band)
        });
        let range = extent(values).unwrap_or((0.0, 1.0));
        if panel.scale == VerticalScale::Logarithmic && range.0 > 0.0 {
            let factor = (range.1 / range.0).powf(0.05).max(1.02);
            return Axis::log((range.0 / factor, range.1 * factor), 4, "");
        }
        Axis::padded(range, 4, TickFormat::Number, "")
    }

    fn draw(&self, canvas: &mut Canvas, frame: &Panel, panel: &TrainingPanel) -> Vec<Trace> {
        let mut traces = Vec::new();
        for (i, series) in self.series.iter().enumerate() {
            let stroke = series_stroke(i);
            let place = |(x, y): (&f64, f64)| frame.place(*x, y);
            let upper = series
                .x
                .iter()
                .zip(series.band.iter().map(|b| b.1))
                .map(place);
            let lower = series
                .x
                .iter()
                .zip(series.band.iter().map(|b| b.0))
                .map(place);
            let mut outline: Vec<(f64, f64)> = upper.collect();
            outline.extend(lower.rev());
            canvas.area(&outline, stroke.tone, 0.18);
            traces.push(
                Curve {
                    x: &series.x,
                    y: &series.mean,
                    stroke,
                }
                .trace(frame),
            );
        }
        for trace in &traces {
            trace.draw(canvas);
        }
        if traces.iter().all(|t| t.pieces.is_empty()) {
            frame.draw_remark(canvas, "no data");
        }
        if self.label_width > 0.0 {
            draw_end_labels(canvas, frame, panel, &traces);
        }
        traces
    }
}

fn end_label(name: &str) -> String {
    fit_text(
        &crate::svg::escape::single_line(name),
        WIDEST_LABEL,
        LABEL_SIZE,
        Weight::Regular,
    )
}

/// Names beside the ends of the lines, pushed apart where they would touch.
fn draw_end_labels(canvas: &mut Canvas, frame: &Panel, panel: &TrainingPanel, traces: &[Trace]) {
    const APART: f64 = 13.0;
    let mut labels: Vec<(f64, usize)> = traces
        .iter()
        .enumerate()
        .filter_map(|(i, trace)| trace.end().map(|(_, y)| (y, i)))
        .collect();
    labels.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for k in 1..labels.len() {
        labels[k].0 = labels[k].0.max(labels[k - 1].0 + APART);
    }
    // Pushed below the panel: push back up from the lower end.
    let mut limit = frame.bottom();
    for label in labels.iter_mut().rev() {
        label.0 = label.0.min(limit);
        limit = label.0 - APART;
    }
    for (y, i) in labels {
        let Some(series) = panel.series.get(i) else {
            continue;
        };
        canvas.text(
            (frame.x + frame.width + 8.0, y + LABEL_SIZE * 0.36),
            &end_label(&series.name),
            Text::new(LABEL_SIZE, Tone::Series(i)),
        );
    }
}
