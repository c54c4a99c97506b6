//! Reliability diagram with the histogram of confidence.

use crate::axis::{Axis, Panel, TickFormat, drawable};
use crate::figure::Figure;
use crate::layout::{Legend, Page, Swatch, Trace};
use crate::svg::number::{count, fixed};
use crate::svg::{Anchor, Canvas, Stroke, Text, Tone};

use super::chart::{reference_stroke, series_stroke};

/// One bin of confidence; the bins cut [0, 1] in equal parts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReliabilityBin {
    /// Images in the bin.
    pub count: u64,
    /// Mean confidence of the images in the bin.
    pub mean_confidence: f64,
    /// Share of them whose nearest neighbour is right.
    pub accuracy: f64,
}

/// The bins of one method.
#[derive(Clone, Debug, Default)]
pub struct CalibrationModel {
    /// Method; may be empty when there is one only.
    pub name: String,
    /// Bins in ascending order, usually ten.
    pub bins: Vec<ReliabilityBin>,
    /// Expected calibration error over all images.
    pub ece: f64,
    /// The same without the images of confidence exactly 1, as the original computes it.
    pub ece_open_last_bin: Option<f64>,
}

/// Reliability diagram of one or several methods. One method is drawn as bars, several as lines.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// Title.
    pub title: String,
    /// The methods.
    pub models: Vec<CalibrationModel>,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            title: "Calibration of the nearest neighbour".to_owned(),
            models: Vec::new(),
        }
    }
}

/// Height of the histogram with its labels.
const HISTOGRAM: f64 = 130.0;

impl Calibration {
    /// Draws the figure, file stem `calibration`.
    pub fn figure(&self) -> Figure {
        let mut page = Page::square("calibration", &self.title);
        let width = page.inner_width();
        let unit = |label| Axis::linear((0.0, 1.0), 5, TickFormat::Number, label);
        let shares = self.shares();
        let highest = shares.iter().flatten().copied().fold(0.0, f64::max);
        let share_axis = Axis::linear(
            (0.0, if highest > 0.0 { highest * 1.18 } else { 1.0 }),
            3,
            TickFormat::Percent,
            "images",
        );
        // Both panels share one horizontal axis, so they share the wider left margin.
        let left = Panel::insets(&unit("c"), &unit("accuracy"))
            .left
            .max(Panel::insets(&unit("c"), &share_axis).left);
        let (mut panel, height) = Panel::square(width, unit(""), unit("accuracy"));
        panel.width -= left - panel.x;
        panel.x = left;
        let mut histogram = Panel::fill(
            [0.0, height, width, HISTOGRAM],
            unit("confidence"),
            share_axis,
        );
        (histogram.x, histogram.width) = (panel.x, panel.width);

        let mut inner = Canvas::default();
        panel.draw_axes(&mut inner);
        histogram.draw_axes(&mut inner);
        let mut legend = Legend::default();
        let diagonal = Trace::line(
            panel.place(0.0, 0.0),
            panel.place(1.0, 1.0),
            reference_stroke(),
        );
        let traces = match self.models.as_slice() {
            [model] => draw_bars(&mut inner, &panel, &mut legend, model),
            models => draw_lines(&mut inner, &panel, &mut legend, models),
        };
        diagonal.draw(&mut inner);
        self.draw_histogram(&mut inner, &histogram, &shares);
        if highest == 0.0 {
            panel.draw_remark(&mut inner, "no data");
        }
        let mut drawing = Canvas::default();
        let all: Vec<&Trace> = traces.iter().chain([&diagonal]).collect();
        let mut above = 0.0;
        if let Some(corner) = legend.free_corner(panel.area(), &all) {
            legend.draw_box(&mut inner, corner);
        } else {
            above = legend.rows_height(width);
            legend.draw_rows(&mut drawing, (0.0, 0.0), width);
        }
        drawing.place((0.0, above), &inner);
        if let [model] = self.models.as_slice() {
            page.subtitle = ece_text(model);
        }
        let summary: Vec<String> = self
            .models
            .iter()
            .map(|m| format!("{} {}", m.name, ece_text(m)))
            .collect();
        page.alt = format!(
            "Reliability diagram, accuracy against confidence, with a histogram of confidence: {}.",
            summary.join("; ")
        );
        page.caption = format!(
            "Above: accuracy of the nearest neighbour against confidence, the share of weight samples \
             that vote for it; on the diagonal a confidence of 80 % is right 80 % of the time. \
             Where methods are drawn as lines, larger dots are fuller bins. \
             Below: how the confidences are distributed. {}",
            summary.join("; ")
        );
        if self.skipped() > 0 {
            page.note("Bins with a confidence or an accuracy that is not finite are left out.");
        }
        page.compose(&drawing, height + HISTOGRAM + above)
    }

    /// Share of a method's images in each bin.
    fn shares(&self) -> Vec<Vec<f64>> {
        self.models
            .iter()
            .map(|model| {
                let total: f64 = model.bins.iter().map(|b| b.count as f64).sum();
                model
                    .bins
                    .iter()
                    .map(|b| b.count as f64 / total.max(1.0))
                    .collect()
            })
            .collect()
    }

    fn skipped(&self) -> usize {
        self.models
            .iter()
            .flat_map(|m| &m.bins)
            .filter(|b| b.count > 0 && !has_place(b))
            .count()
    }

    fn draw_histogram(&self, canvas: &mut Canvas, panel: &Panel, shares: &[Vec<f64>]) {
        let models = self.models.len().max(1) as f64;
        for (i, (model, shares)) in self.models.iter().zip(shares).enumerate() {
            let bins = model.bins.len().max(1) as f64;
            let step = panel.width / bins;
            let bar = step * 0.86 / models;
            for (j, (bin, share)) in model.bins.iter().zip(shares).enumerate() {
                let height = panel.y_axis.fraction(*share) * panel.height;
                let x = panel.x + j as f64 * step + step * 0.07 + i as f64 * bar;
                let top = panel.bottom() - height;
                canvas.rect([x, top, bar, height], Tone::Series(i), 0.75);
                if models == 1.0 && bins <= 12.0 {
                    canvas.text(
                        (x + bar / 2.0, top - 3.0),
                        &count(bin.count),
                        Text::new(9.5, Tone::Muted).anchor(Anchor::Middle),
                    );
                }
            }
        }
    }
}

fn has_place(bin: &ReliabilityBin) -> bool {
    drawable(bin.mean_confidence) && drawable(bin.accuracy)
}

fn ece_text(model: &CalibrationModel) -> String {
    let open = model.ece_open_last_bin.map_or(String::new(), |open| {
        format!(" ({} with the last bin open)", fixed(open, 3))
    });
    format!("ECE {}{open}", fixed(model.ece, 3))
}

/// Bars of accuracy, and what lies between them and the mean confidence.
fn draw_bars(
    canvas: &mut Canvas,
    panel: &Panel,
    legend: &mut Legend,
    model: &CalibrationModel,
) -> Vec<Trace> {
    let bins = model.bins.len().max(1) as f64;
    let step = panel.width / bins;
    let mut traces = Vec::new();
    for (j, bin) in model.bins.iter().enumerate() {
        if bin.count == 0 || !has_place(bin) {
            continue;
        }
        let x = panel.x + j as f64 * step + step * 0.07;
        let width = step * 0.86;
        let (_, accuracy) = panel.place(0.0, bin.accuracy);
        let (_, confidence) = panel.place(0.0, bin.mean_confidence);
        canvas.rect(
            [x, accuracy, width, panel.bottom() - accuracy],
            Tone::Series(0),
            0.75,
        );
        let (top, height) = (accuracy.min(confidence), (accuracy - confidence).abs());
        canvas.rect([x, top, width, height], Tone::Series(1), 0.3);
        let mark = Stroke::solid(Tone::Series(1), 2.0);
        canvas.line((x, confidence), (x + width, confidence), mark);
        traces.push(Trace::line((x, panel.bottom()), (x, top), mark));
        traces.push(Trace::line((x, top), (x + width, top), mark));
    }
    legend.push(Swatch::Block(Tone::Series(0)), "accuracy");
    legend.push(
        Swatch::Line(Stroke::solid(Tone::Series(1), 2.0)),
        "mean confidence",
    );
    traces
}

/// Radius of the dot of a bin that is nearly empty, and of a method's fullest bin.
const SMALLEST_DOT: f64 = 2.0;
const LARGEST_DOT: f64 = 5.0;

/// A line with dots for each method; the fuller a bin, the larger its dot.
fn draw_lines(
    canvas: &mut Canvas,
    panel: &Panel,
    legend: &mut Legend,
    models: &[CalibrationModel],
) -> Vec<Trace> {
    let mut traces = Vec::new();
    for (i, model) in models.iter().enumerate() {
        let stroke = series_stroke(i);
        let fullest = model.bins.iter().map(|b| b.count).max().unwrap_or(0).max(1);
        let mut points = Vec::new();
        for bin in model.bins.iter().filter(|b| b.count > 0 && has_place(b)) {
            let point = panel.place(bin.mean_confidence, bin.accuracy);
            // By area, so that a bin of a few images does not weigh like one of thousands.
            let share = bin.count as f64 / fullest as f64;
            let radius = SMALLEST_DOT + (LARGEST_DOT - SMALLEST_DOT) * share.sqrt();
            canvas.circle(point, radius, stroke.tone, 1.0);
            points.push(point);
        }
        // The other ECE stands in the caption; here it would crowd out the names.
        let ece = format!("ECE {}", fixed(model.ece, 3));
        legend.push_valued(Swatch::Line(stroke), &model.name, &ece);
        let trace = Trace {
            pieces: vec![points],
            stroke,
            skipped: 0,
        };
        trace.draw(canvas);
        traces.push(trace);
    }
    traces
}
