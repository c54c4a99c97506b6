//! The course of a search, and its metric against each parameter.

use crate::axis::ticks::Tick;
use crate::axis::{Axis, Panel, TickFormat, drawable, extent};
use crate::error::{PlotError, same_length};
use crate::figure::Figure;
use crate::layout::{Legend, Page, Swatch, Trace};
use crate::svg::font::{fit_text, text_width};
use crate::svg::number::significant;
use crate::svg::{Canvas, Stroke, Tone, Weight};

/// A trial of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SearchPoint {
    /// Its number.
    pub trial: usize,
    /// Its value of the metric.
    pub value: f64,
    /// Whether it was trained to its end; otherwise it was ended early.
    pub complete: bool,
}

/// The value of every trial, and the best so far.
#[derive(Clone, Debug)]
pub struct SearchHistory {
    /// Title.
    pub title: String,
    /// The metric.
    pub metric: String,
    /// Whether the largest value is the best.
    pub maximise: bool,
    /// The trials in their order.
    pub points: Vec<SearchPoint>,
}

impl Default for SearchHistory {
    fn default() -> Self {
        Self {
            title: "The course of the search".to_owned(),
            metric: String::new(),
            maximise: true,
            points: Vec::new(),
        }
    }
}

/// The values of a parameter, one for each trial.
#[derive(Clone, Debug, PartialEq)]
pub enum SearchValues {
    /// Numbers.
    Number {
        /// The values.
        values: Vec<f64>,
        /// Whether the axis is divided in equal ratios; linear if some value is not above zero.
        logarithmic: bool,
    },
    /// Names.
    Category {
        /// Every name.
        names: Vec<String>,
        /// Indices of names.
        indices: Vec<usize>,
    },
}

/// A parameter of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchParameter {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: SearchValues,
}

/// The metric against each parameter, one panel each.
#[derive(Clone, Debug)]
pub struct SearchParameters {
    /// Title.
    pub title: String,
    /// The metric.
    pub metric: String,
    /// Whether the largest value is the best.
    pub maximise: bool,
    /// The trials.
    pub points: Vec<SearchPoint>,
    /// The parameters, with a value for each trial.
    pub parameters: Vec<SearchParameter>,
}

impl Default for SearchParameters {
    fn default() -> Self {
        Self {
            title: "The metric against each parameter".to_owned(),
            metric: String::new(),
            maximise: true,
            points: Vec::new(),
            parameters: Vec::new(),
        }
    }
}

const HISTORY_HEIGHT: f64 = 300.0;
const PANEL_HEIGHT: f64 = 210.0;
const COLUMNS: usize = 2;
const GAP: f64 = 18.0;
const COMPLETE: Tone = Tone::Series(0);
const STOPPED: Tone = Tone::Axis;
const BEST: Tone = Tone::Series(1);
/// Room for a category's name under its place.
const NAME_SIZE: f64 = 11.0;

/// Index of the best complete trial.
fn best(points: &[SearchPoint], maximise: bool) -> Option<usize> {
    let mut found: Option<usize> = None;
    for (i, point) in points.iter().enumerate() {
        if !point.complete || !drawable(point.value) {
            continue;
        }
        if found.is_none_or(|best| better(maximise, point.value, points[best].value)) {
            found = Some(i);
        }
    }
    found
}

fn better(maximise: bool, a: f64, b: f64) -> bool {
    if maximise { a > b } else { a < b }
}

fn values_axis(points: &[SearchPoint], target: usize, label: &str) -> Axis {
    let range = extent(points.iter().map(|point| point.value)).unwrap_or((0.0, 1.0));
    Axis::padded(range, target, TickFormat::Number, label)
}

/// Trials that were ended early are rings, the best one stands out.
fn draw_points(
    canvas: &mut Canvas,
    points: &[SearchPoint],
    best: Option<usize>,
    place: impl Fn(usize) -> Option<(f64, f64)>,
) {
    for (i, point) in points.iter().enumerate() {
        let Some(at) = place(i).filter(|_| drawable(point.value)) else {
            continue;
        };
        if best == Some(i) {
            continue;
        }
        if point.complete {
            canvas.circle(at, 3.6, COMPLETE, 0.75);
        } else {
            canvas.ring(at, 3.2, Stroke::solid(STOPPED, 1.4));
        }
    }
    // Last, so that nothing lies over it.
    if let Some(at) = best.and_then(place) {
        canvas.circle(at, 5.5, BEST, 1.0);
    }
}

fn legend(points: &[SearchPoint]) -> Legend {
    let mut legend = Legend::default();
    legend.push(Swatch::Dot(COMPLETE), "trained to its end");
    if points.iter().any(|point| !point.complete) {
        legend.push(Swatch::Ring(STOPPED), "ended early");
    }
    legend.push(Swatch::Dot(BEST), "the best");
    legend
}

fn skipped(points: &[SearchPoint]) -> String {
    match points.iter().filter(|point| !drawable(point.value)).count() {
        0 => String::new(),
        n => format!("{n} trial(s) without a finite value are left out."),
    }
}

impl SearchHistory {
    /// Draws the figure, file stem `search_history`.
    pub fn figure(&self) -> Figure {
        let mut page = Page::wide("search_history", &self.title);
        let width = page.inner_width();
        let points = &self.points;
        let last = points.iter().map(|point| point.trial).max().unwrap_or(1);
        let first = points.iter().map(|point| point.trial).min().unwrap_or(0);
        let mut drawing = Canvas::default();
        let mut legend = legend(points);
        let line = Stroke::solid(BEST, 1.6);
        legend.push(Swatch::Line(line), "the best so far");
        legend.draw_rows(&mut drawing, (0.0, 0.0), width);
        let above = legend.rows_height(width);
        let panel = Panel::fill(
            [0.0, above, width, HISTORY_HEIGHT],
            Axis::padded((first as f64, last as f64), 8, TickFormat::Number, "trial").whole(),
            values_axis(points, 5, &self.metric),
        );
        panel.draw_axes(&mut drawing);
        self.best_so_far(&panel, line).draw(&mut drawing);
        let best = best(points, self.maximise);
        draw_points(&mut drawing, points, best, |i| {
            Some(panel.place(points[i].trial as f64, points[i].value))
        });
        if points.is_empty() {
            panel.draw_remark(&mut drawing, "no data");
        }
        let found = best.map_or("none".to_owned(), |i| {
            let value = significant(points[i].value, 4);
            format!("{value} in trial {}", points[i].trial)
        });
        page.alt = format!(
            "{} of {} trials in their order; the best is {found}.",
            self.metric,
            points.len()
        );
        page.caption = format!(
            "Each dot is a trial; the line is the best that was found so far. The best: {} {found}.",
            self.metric
        );
        page.note(skipped(points));
        page.compose(&drawing, above + HISTORY_HEIGHT)
    }

    /// Steps through the best complete trials.
    fn best_so_far(&self, panel: &Panel, stroke: Stroke) -> Trace {
        let mut steps: Vec<(f64, f64)> = Vec::new();
        let mut found = f64::NAN;
        for point in &self.points {
            let improves = found.is_nan() || better(self.maximise, point.value, found);
            if point.complete && drawable(point.value) && improves {
                if !found.is_nan() {
                    steps.push(panel.place(point.trial as f64, found));
                }
                found = point.value;
                steps.push(panel.place(point.trial as f64, found));
            }
        }
        if let Some(last) = self.points.last().filter(|_| !found.is_nan()) {
            steps.push(panel.place(last.trial as f64, found));
        }
        let pieces = if steps.is_empty() {
            Vec::new()
        } else {
            vec![steps]
        };
        Trace {
            pieces,
            stroke,
            skipped: 0,
        }
    }
}

impl SearchParameters {
    /// Draws the figure, file stem `search_parameters`.
    ///
    /// # Errors
    /// [`PlotError::LengthMismatch`].
    pub fn figure(&self) -> Result<Figure, PlotError> {
        for parameter in &self.parameters {
            let length = match &parameter.values {
                SearchValues::Number { values, .. } => values.len(),
                SearchValues::Category { indices, .. } => indices.len(),
            };
            let label = format!("search parameter `{}`", parameter.name);
            same_length(&label, ("values", length), ("points", self.points.len()))?;
        }
        let mut page = Page::wide("search_parameters", &self.title);
        let width = page.inner_width();
        let mut drawing = Canvas::default();
        let legend = legend(&self.points);
        legend.draw_rows(&mut drawing, (0.0, 0.0), width);
        let above = legend.rows_height(width);
        let column = (width - GAP * (COLUMNS - 1) as f64) / COLUMNS as f64;
        let best = best(&self.points, self.maximise);
        for (i, parameter) in self.parameters.iter().enumerate() {
            let (row, place) = (i / COLUMNS, i % COLUMNS);
            let outer = [
                place as f64 * (column + GAP),
                above + row as f64 * (PANEL_HEIGHT + GAP),
                column,
                PANEL_HEIGHT,
            ];
            self.draw_parameter(&mut drawing, outer, parameter, best);
        }
        let rows = self.parameters.len().div_ceil(COLUMNS);
        let height = above + rows as f64 * (PANEL_HEIGHT + GAP);
        let names: Vec<&str> = self.parameters.iter().map(|p| p.name.as_str()).collect();
        page.alt = format!("{} against {}.", self.metric, names.join(", "));
        page.caption = format!(
            "{} against each parameter, a dot per trial. Parameters vary together: a panel shows where good trials lie, \
             not what the parameter does alone.",
            self.metric
        );
        page.note(skipped(&self.points));
        Ok(page.compose(&drawing, height.max(above + 20.0)))
    }

    fn draw_parameter(
        &self,
        canvas: &mut Canvas,
        outer: [f64; 4],
        parameter: &SearchParameter,
        best: Option<usize>,
    ) {
        let y_axis = values_axis(&self.points, 4, &self.metric);
        let x_axis = parameter.axis(outer[2] - 70.0);
        let panel = Panel::fill(outer, x_axis, y_axis);
        panel.draw_axes(canvas);
        let place = |i: usize| {
            let x = match &parameter.values {
                SearchValues::Number { values, .. } => values.get(i).copied()?,
                // Trials of one category side by side, so that equal values do not hide each other.
                SearchValues::Category { indices, .. } => {
                    let shift = ((self.points[i].trial * 5) % 7) as f64 - 3.0;
                    *indices.get(i)? as f64 + shift * 0.06
                }
            };
            drawable(x).then(|| panel.place(x, self.points[i].value))
        };
        draw_points(canvas, &self.points, best, place);
        if self.points.is_empty() {
            panel.draw_remark(canvas, "no data");
        }
    }
}

impl SearchParameter {
    fn axis(&self, width: f64) -> Axis {
        match &self.values {
            SearchValues::Number {
                values,
                logarithmic,
            } => {
                let range = extent(values.iter().copied()).unwrap_or((0.0, 1.0));
                if *logarithmic && range.0 > 0.0 {
                    let factor = (range.1 / range.0).powf(0.05).max(1.02);
                    Axis::log((range.0 / factor, range.1 * factor), 4, &self.name)
                } else {
                    Axis::padded(range, 4, TickFormat::Number, &self.name)
                }
            }
            SearchValues::Category { names, .. } => {
                let count = names.len().max(1);
                let end = count as f64 - 0.5;
                let mut axis = Axis::linear((-0.5, end), 2, TickFormat::Number, &self.name);
                let room = (width / count as f64 - 8.0).max(12.0);
                let ticks = names.iter().enumerate();
                axis.ticks = ticks
                    .map(|(i, name)| {
                        let name = crate::svg::escape::single_line(name);
                        let fits = text_width(&name, NAME_SIZE, Weight::Regular) <= room;
                        Tick {
                            value: i as f64,
                            label: if fits {
                                name
                            } else {
                                fit_text(&name, room, NAME_SIZE, Weight::Regular)
                            },
                        }
                    })
                    .collect();
                axis
            }
        }
    }
}
