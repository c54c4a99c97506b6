//! Uncertainty in and out of distribution.

use crate::axis::{Axis, Panel, TickFormat, drawable, quantile};
use crate::figure::Figure;
use crate::layout::page::{HEADING, draw_heading};
use crate::layout::{Legend, Page, Swatch, Trace};
use crate::svg::number::{counted, significant};
use crate::svg::{Canvas, Stroke, Tone};

/// Uncertainties of one set of images.
#[derive(Clone, Debug, Default)]
pub struct UncertaintyGroup {
    /// Name, such as "in: FashionMNIST".
    pub name: String,
    /// One value per image.
    pub values: Vec<f64>,
}

/// The groups of one method over shared bins.
#[derive(Clone, Debug, Default)]
pub struct UncertaintyPanel {
    /// Method; may be empty when there is one panel only.
    pub name: String,
    /// Usually two: in distribution, out of distribution.
    pub groups: Vec<UncertaintyGroup>,
}

/// Histograms of uncertainty, one panel per method.
#[derive(Clone, Debug)]
pub struct UncertaintyHistogram {
    /// Title.
    pub title: String,
    /// What is measured, for the axis.
    pub axis: String,
    /// One panel per method.
    pub panels: Vec<UncertaintyPanel>,
}

impl Default for UncertaintyHistogram {
    fn default() -> Self {
        Self {
            title: "Uncertainty in and out of distribution".to_owned(),
            axis: "uncertainty".to_owned(),
            panels: Vec::new(),
        }
    }
}

const HEIGHT: f64 = 380.0;
const HEIGHT_OF_SEVERAL: f64 = 190.0;

impl UncertaintyHistogram {
    /// Draws the figure, file stem `uncertainty`.
    pub fn figure(&self) -> Figure {
        let mut page = Page::wide("uncertainty", &self.title);
        let width = page.inner_width();
        let several = self.panels.len() > 1;
        let height = if several { HEIGHT_OF_SEVERAL } else { HEIGHT };
        let mut drawing = Canvas::default();
        let mut y = 0.0;
        let mut summary = Vec::new();
        let empty = [UncertaintyPanel::default()];
        let panels = if self.panels.is_empty() {
            &empty[..]
        } else {
            &self.panels
        };
        for panel in panels {
            if several {
                draw_heading(&mut drawing, (0.0, y), width, &panel.name);
                y += HEADING;
            }
            let bins = Bins::of(&panel.groups);
            let mut inner = Canvas::default();
            let above = panel.draw(&mut inner, width, height, &bins, &self.axis);
            drawing.place((0.0, y), &inner);
            y += height + above + if several { 10.0 } else { 0.0 };
            for note in bins.notes(&panel.name) {
                page.note(note);
            }
            for group in &panel.groups {
                let median = median_text(&group.values);
                summary.push(format!("{} {} median {median}", panel.name, group.name));
            }
        }
        page.alt = format!("Histograms of uncertainty: {}.", summary.join("; "));
        page.caption =
            "Share of the images of each set in shared bins of uncertainty. The less the \
                        two overlap, the better the uncertainty tells them apart."
                .to_owned();
        page.compose(&drawing, y)
    }
}

fn median_text(values: &[f64]) -> String {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| drawable(*v)).collect();
    sorted.sort_by(f64::total_cmp);
    significant(quantile(&sorted, 0.5).unwrap_or(f64::NAN), 3)
}

impl UncertaintyPanel {
    /// Draws one panel; gives the height of a legend above it.
    fn draw(&self, canvas: &mut Canvas, width: f64, height: f64, bins: &Bins, label: &str) -> f64 {
        let shares: Vec<Vec<f64>> = self.groups.iter().map(|g| bins.shares(&g.values)).collect();
        let highest = shares.iter().flatten().copied().fold(0.0, f64::max);
        let y_axis = Axis::linear(
            (0.0, if highest > 0.0 { highest * 1.06 } else { 1.0 }),
            4,
            TickFormat::Percent,
            "share of images",
        );
        let panel = Panel::fill([0.0, 0.0, width, height], bins.axis(label), y_axis);
        let mut legend = Legend::default();
        let mut traces = Vec::new();
        for (i, (group, shares)) in self.groups.iter().zip(&shares).enumerate() {
            let tone = Tone::Series(i);
            let finite = group.values.iter().filter(|v| drawable(**v)).count();
            let value = format!(
                "{}, median {}",
                counted(finite, "image", "images"),
                median_text(&group.values)
            );
            legend.push_valued(Swatch::Block(tone), &group.name, &value);
            if finite > 0 {
                traces.push(Trace {
                    pieces: vec![outline(&panel, shares)],
                    stroke: Stroke::solid(tone, 1.5),
                    skipped: 0,
                });
            }
        }
        let mut inner = Canvas::default();
        panel.draw_axes(&mut inner);
        for trace in &traces {
            for piece in &trace.pieces {
                inner.area(piece, trace.stroke.tone, 0.28);
            }
        }
        for trace in &traces {
            trace.draw(&mut inner);
        }
        if traces.is_empty() {
            panel.draw_remark(&mut inner, "no data");
        }
        let all: Vec<&Trace> = traces.iter().collect();
        if let Some(corner) = legend.free_corner(panel.area(), &all) {
            legend.draw_box(&mut inner, corner);
            canvas.place((0.0, 0.0), &inner);
            return 0.0;
        }
        let above = legend.rows_height(width);
        legend.draw_rows(canvas, (0.0, 0.0), width);
        canvas.place((0.0, above), &inner);
        above
    }
}

/// The step line over the bins, closed at the bottom.
fn outline(panel: &Panel, shares: &[f64]) -> Vec<(f64, f64)> {
    let mut points = Vec::with_capacity(shares.len() * 2 + 2);
    let step = panel.width / shares.len().max(1) as f64;
    points.push((panel.x, panel.bottom()));
    for (i, share) in shares.iter().enumerate() {
        let y = panel.bottom() - panel.y_axis.fraction(*share) * panel.height;
        points.push((panel.x + i as f64 * step, y));
        points.push((panel.x + (i + 1) as f64 * step, y));
    }
    points.push((panel.x + panel.width, panel.bottom()));
    points
}

/// Bins shared by the groups of a panel.
struct Bins {
    lo: f64,
    hi: f64,
    logarithmic: bool,
    count: usize,
    above: usize,
    skipped: usize,
}

/// Span of the values, over their middle, from which the axis is logarithmic or cut.
const WIDE: f64 = 30.0;

impl Bins {
    fn of(groups: &[UncertaintyGroup]) -> Self {
        let values = || groups.iter().flat_map(|g| g.values.iter().copied());
        let mut sorted: Vec<f64> = values().filter(|v| drawable(*v)).collect();
        sorted.sort_by(f64::total_cmp);
        let q = |share| quantile(&sorted, share).unwrap_or(0.0);
        let (lo, mut hi) = (q(0.0), q(1.0));
        let logarithmic = lo > 0.0 && q(0.99) / q(0.01) > WIDE;
        // A few far outliers must not squeeze all others into one bin.
        let bulk = q(0.995) - lo;
        if !logarithmic && bulk > 0.0 && hi - lo > 4.0 * bulk {
            hi = lo + 1.2 * bulk;
        }
        let smallest = groups.iter().map(|g| g.values.len()).min().unwrap_or(0);
        Self {
            lo,
            hi,
            logarithmic,
            count: ((smallest as f64).sqrt() as usize).clamp(10, 48),
            above: sorted.iter().filter(|v| **v > hi).count(),
            skipped: values().count() - sorted.len(),
        }
    }

    fn axis(&self, label: &str) -> Axis {
        if self.logarithmic {
            return Axis::log(
                (self.lo, self.hi),
                6,
                &format!("{label}, logarithmic scale"),
            );
        }
        Axis::linear((self.lo, self.hi), 6, TickFormat::Number, label)
    }

    /// Share of the drawable values in each bin.
    fn shares(&self, values: &[f64]) -> Vec<f64> {
        let axis = self.axis("");
        let mut counts = vec![0usize; self.count];
        let mut total = 0usize;
        for value in values.iter().filter(|v| drawable(**v)) {
            let bin = (axis.fraction(*value) * self.count as f64) as usize;
            counts[bin.min(self.count - 1)] += 1;
            total += 1;
        }
        counts
            .iter()
            .map(|c| *c as f64 / total.max(1) as f64)
            .collect()
    }

    fn notes(&self, name: &str) -> Vec<String> {
        let prefix = if name.is_empty() {
            String::new()
        } else {
            format!("{name}: ")
        };
        let mut notes = Vec::new();
        if self.above > 0 {
            notes.push(format!(
                "{prefix}the last bin also holds {} above {}.",
                counted(self.above, "value", "values"),
                significant(self.hi, 3)
            ));
        }
        if self.skipped > 0 {
            notes.push(format!(
                "{prefix}{} not finite and left out.",
                counted(self.skipped, "value is", "values are")
            ));
        }
        notes
    }
}
