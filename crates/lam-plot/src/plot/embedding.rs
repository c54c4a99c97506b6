//! The embedding, coloured by class and by uncertainty.

use std::collections::BTreeMap;

use crate::axis::{Axis, Panel, TickFormat, drawable, quantile};
use crate::error::{PlotError, same_length};
use crate::figure::Figure;
use crate::layout::page::{HEADING, draw_heading};
use crate::layout::{Legend, Page, Swatch};
use crate::svg::font::{fit_text, text_width};
use crate::svg::number::counted;
use crate::svg::raster::{Dot, dots_to_png};
use crate::svg::tone::viridis;
use crate::svg::{Anchor, Canvas, Stroke, Text, Tone, Weight};

use super::pca::{hash, project};
use super::sphere::View;

/// Points of an embedding. Three dimensions are drawn on the sphere, seen from the front and from the
/// back; any other number in the plane of the two principal components.
#[derive(Clone, Copy, Debug)]
pub struct Embedding<'a> {
    /// Title.
    pub title: &'a str,
    /// Coordinates [N, `dim`], row by row. In three dimensions they are scaled to length 1.
    pub points: &'a [f32],
    /// Dimensions of a point.
    pub dim: usize,
    /// Class of each point.
    pub labels: &'a [usize],
    /// Names of the classes, by number; a class without one is called by its number.
    pub class_names: &'a [String],
    /// Uncertainty of each point.
    pub uncertainty: Option<&'a [f32]>,
}

/// More points than this are thinned to this many, chosen by a hash of their number.
const MOST_POINTS: usize = 20_000;
/// More dots in a panel than this become one raster layer.
const MOST_VECTOR_DOTS: usize = 1200;
/// Space between panels.
const GAP: f64 = 16.0;

/// One point to be drawn.
struct Point {
    index: usize,
    /// Place among the coloured classes.
    colour: usize,
    /// Uncertainty as a share of its range.
    level: f64,
}

impl Embedding<'_> {
    /// Draws the figure, file stem `embedding`.
    ///
    /// # Errors
    /// [`PlotError::Shape`], [`PlotError::LengthMismatch`], [`PlotError::Raster`].
    pub fn figure(&self) -> Result<Figure, PlotError> {
        let figure = "embedding".to_owned();
        if self.dim == 0 || !self.points.len().is_multiple_of(self.dim) {
            return Err(PlotError::Shape {
                figure,
                len: self.points.len(),
                dim: self.dim,
            });
        }
        let n = self.points.len() / self.dim;
        same_length(&figure, ("points", n), ("labels", self.labels.len()))?;
        if let Some(uncertainty) = self.uncertainty {
            let length = ("uncertainty", uncertainty.len());
            same_length(&figure, ("points", n), length)?;
        }
        let mut page = Page::wide("embedding", self.title);
        let usable = self.usable(n);
        if usable.len() < n {
            page.note(format!(
                "{} without a place (not finite, or of length zero) left out.",
                counted(n - usable.len(), "point", "points")
            ));
        }
        let kept = thinned(&usable);
        if kept.len() < usable.len() {
            page.note(format!(
                "{} of {} points are drawn.",
                kept.len(),
                usable.len()
            ));
        }
        let classes = Classes::of(self, &usable);
        let scale = self.scale(&kept);
        let points: Vec<Point> = kept
            .iter()
            .map(|&index| Point {
                index,
                colour: classes.colour(self.labels[index]),
                level: self.level(index, scale.as_ref()),
            })
            .collect();
        let mut drawing = Canvas::default();
        let width = page.inner_width();
        let legend = classes.legend();
        let mut y = legend.rows_height(width);
        legend.draw_rows(&mut drawing, (0.0, 0.0), width);
        y += if self.dim == 3 {
            self.draw_sphere(&mut drawing, y, width, &points, &classes)?
        } else {
            self.draw_plane(&mut page, &mut drawing, y, &points, &classes)?
        };
        if let Some(axis) = &scale {
            draw_colour_bar(&mut drawing, (0.0, y + 6.0), width, axis);
            y += 46.0;
        }
        if self.uncertainty.is_some() {
            page.note("Larger dots in the panels by class are more uncertain.");
        }
        page.alt = format!(
            "Scatter plot of {} in {} dimensions, coloured by class{}.",
            counted(usable.len(), "embedding", "embeddings"),
            self.dim,
            if scale.is_some() {
                " and by uncertainty"
            } else {
                ""
            }
        );
        page.caption = if self.dim == 3 {
            "Embeddings on the unit sphere, seen from the front and from the point opposite."
        } else {
            "Embeddings in the plane of their two principal components."
        }
        .to_owned();
        Ok(page.compose(&drawing, y))
    }

    fn row(&self, index: usize) -> &[f32] {
        &self.points[index * self.dim..(index + 1) * self.dim]
    }

    /// Points that have a place and, where uncertainty is given, a finite one.
    fn usable(&self, n: usize) -> Vec<usize> {
        (0..n)
            .filter(|&i| {
                let row = self.row(i);
                let length: f64 = row.iter().map(|x| f64::from(*x).powi(2)).sum();
                let placed = length.is_finite() && (self.dim != 3 || length > 0.0);
                placed && self.uncertainty.is_none_or(|u| u[i].is_finite())
            })
            .collect()
    }

    /// Range of the uncertainty from its 2nd to its 98th percentile.
    fn scale(&self, kept: &[usize]) -> Option<Axis> {
        let uncertainty = self.uncertainty?;
        let mut sorted: Vec<f64> = kept.iter().map(|&i| f64::from(uncertainty[i])).collect();
        sorted.sort_by(f64::total_cmp);
        let (lo, hi) = (quantile(&sorted, 0.02)?, quantile(&sorted, 0.98)?);
        if lo > 0.0 && hi / lo > 30.0 {
            return Some(Axis::log((lo, hi), 4, "uncertainty, logarithmic scale"));
        }
        Some(Axis::linear((lo, hi), 4, TickFormat::Number, "uncertainty"))
    }

    fn level(&self, index: usize, scale: Option<&Axis>) -> f64 {
        match (self.uncertainty, scale) {
            (Some(uncertainty), Some(axis)) => axis.fraction(f64::from(uncertainty[index])),
            _ => 0.3,
        }
    }

    /// Rows of two spheres each; gives their height.
    fn draw_sphere(
        &self,
        canvas: &mut Canvas,
        top: f64,
        width: f64,
        points: &[Point],
        classes: &Classes,
    ) -> Result<f64, PlotError> {
        let side = (width - GAP) / 2.0;
        let radius = side / 2.0 - 6.0;
        let unit = |index: usize| {
            let row = self.row(index);
            let p = [0, 1, 2].map(|k| f64::from(row[k]));
            let length = (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt();
            p.map(|v| v / length)
        };
        let centres = classes.centres(self, points, |i| unit(i).to_vec());
        let mut y = top;
        for paint in self.paints() {
            for (column, (view, side_name)) in [(View::front(), "front"), (View::back(), "back")]
                .into_iter()
                .enumerate()
            {
                let x = column as f64 * (side + GAP);
                let heading = format!("{side_name}, by {}", paint.name());
                draw_heading(canvas, (x, y), side, &heading);
                let middle = (x + side / 2.0, y + HEADING + side / 2.0);
                view.draw_globe(canvas, middle, radius);
                let place = |p: [f64; 3]| {
                    view.place(p)
                        .map(|(u, v)| (side / 2.0 + u * radius, side / 2.0 + v * radius))
                };
                let mut layer = Canvas::default();
                let dots = paint.dots(points, |i| place(unit(i)));
                draw_dots(&mut layer, side, &dots)?;
                if paint == Painting::Class {
                    let labels: Vec<_> = centres
                        .iter()
                        .filter_map(|(name, c)| {
                            let norm = c.iter().map(|v| v * v).sum::<f64>().sqrt();
                            let c: [f64; 3] = [c[0] / norm, c[1] / norm, c[2] / norm];
                            // A class spread all round the sphere has no middle.
                            (norm > 0.2).then(|| place(c)).flatten().map(|p| (*name, p))
                        })
                        .collect();
                    draw_labels(&mut layer, side, &labels);
                }
                canvas.place((x, y + HEADING), &layer);
            }
            y += HEADING + side + 6.0;
        }
        Ok(y - top)
    }

    /// One panel, or two side by side; gives their height.
    fn draw_plane(
        &self,
        page: &mut Page,
        canvas: &mut Canvas,
        top: f64,
        points: &[Point],
        classes: &Classes,
    ) -> Result<f64, PlotError> {
        let rows: Vec<f32> = points
            .iter()
            .flat_map(|p| self.row(p.index).iter().copied())
            .collect();
        let projection = project(&rows, self.dim);
        let percent = |share: f64| {
            if share.is_nan() {
                "0".to_owned()
            } else {
                format!("{:.1}", share * 100.0)
            }
        };
        let [first, second] = projection.explained;
        page.subtitle = format!(
            "Principal components 1 and 2 of {}; together {} % of the variance",
            counted(self.dim, "dimension", "dimensions"),
            percent(first + second)
        );
        let places: BTreeMap<usize, (f64, f64)> = points
            .iter()
            .zip(&projection.places)
            .map(|(p, place)| (p.index, *place))
            .collect();
        let paints = self.paints();
        let side = if paints.len() == 1 {
            480.0
        } else {
            (page.inner_width() - GAP) / 2.0
        };
        let axes = square_axes(
            &projection.places,
            |component, share| format!("component {component} ({} %)", percent(share)),
            projection.explained,
        );
        let (panel, height) = Panel::square(side, axes.0, axes.1);
        let centres = classes.centres(self, points, |i| {
            let (x, y) = places.get(&i).copied().unwrap_or_default();
            vec![x, y]
        });
        for (column, paint) in paints.iter().enumerate() {
            let x = column as f64 * (side + GAP);
            draw_heading(canvas, (x, top), side, &format!("by {}", paint.name()));
            let mut layer = Canvas::default();
            panel.draw_axes(&mut layer);
            let dots = paint.dots(points, |i| places.get(&i).map(|(x, y)| panel.place(*x, *y)));
            draw_dots(&mut layer, side.max(height), &dots)?;
            if points.is_empty() {
                panel.draw_remark(&mut layer, "no data");
            }
            if *paint == Painting::Class {
                let labels: Vec<_> = centres
                    .iter()
                    .map(|(name, c)| (*name, panel.place(c[0], c[1])))
                    .collect();
                draw_labels(&mut layer, side, &labels);
            }
            canvas.place((x, top + HEADING), &layer);
        }
        Ok(HEADING + height + 6.0)
    }

    fn paints(&self) -> Vec<Painting> {
        match self.uncertainty {
            Some(_) => vec![Painting::Class, Painting::Uncertainty],
            None => vec![Painting::Class],
        }
    }
}

/// Two axes of the same length in data units, so that distances are true.
fn square_axes(
    places: &[(f64, f64)],
    label: impl Fn(usize, f64) -> String,
    explained: [f64; 2],
) -> (Axis, Axis) {
    let range =
        |values: &mut dyn Iterator<Item = f64>| crate::axis::extent(values).unwrap_or((-1.0, 1.0));
    let x = range(&mut places.iter().map(|p| p.0));
    let y = range(&mut places.iter().map(|p| p.1));
    let half = ((x.1 - x.0).max(y.1 - y.0) / 2.0 * 1.06).max(1e-9);
    let axis = |(lo, hi): (f64, f64), component, share| {
        let middle = lo / 2.0 + hi / 2.0;
        let range = (middle - half, middle + half);
        Axis::linear(range, 4, TickFormat::Number, &label(component, share))
    };
    (axis(x, 1, explained[0]), axis(y, 2, explained[1]))
}

fn thinned(usable: &[usize]) -> Vec<usize> {
    if usable.len() <= MOST_POINTS {
        return usable.to_vec();
    }
    // By hash, not every k-th: labels often repeat with a period.
    let mut order = usable.to_vec();
    order.sort_by_key(|&i| (hash(i as u64), i));
    order.truncate(MOST_POINTS);
    order.sort_unstable();
    order
}

/// What the colour says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Painting {
    Class,
    Uncertainty,
}

impl Painting {
    fn name(self) -> &'static str {
        match self {
            Painting::Class => "class",
            Painting::Uncertainty => "uncertainty",
        }
    }

    /// Dots in drawing order: classes mixed, so that none buries the others; the most uncertain last.
    fn dots(self, points: &[Point], place: impl Fn(usize) -> Option<(f64, f64)>) -> Vec<Dot> {
        let mut order: Vec<&Point> = points.iter().collect();
        match self {
            Painting::Class => order.sort_by_key(|p| (hash(p.index as u64), p.index)),
            Painting::Uncertainty => order.sort_by(|a, b| a.level.total_cmp(&b.level)),
        }
        let base = match points.len() {
            0..=300 => 3.0,
            301..=2000 => 2.2,
            2001..=6000 => 1.6,
            _ => 1.25,
        };
        order
            .into_iter()
            .filter_map(|point| {
                let center = place(point.index)?;
                Some(match self {
                    Painting::Class => Dot {
                        center,
                        radius: base * (0.7 + 1.1 * point.level),
                        tone: Tone::Class(point.colour),
                        opacity: 0.7,
                    },
                    Painting::Uncertainty => Dot {
                        center,
                        radius: base,
                        tone: viridis(point.level),
                        opacity: 0.8,
                    },
                })
            })
            .collect()
    }
}

fn draw_dots(canvas: &mut Canvas, side: f64, dots: &[Dot]) -> Result<(), PlotError> {
    if dots.len() <= MOST_VECTOR_DOTS {
        for dot in dots {
            canvas.circle(dot.center, dot.radius, dot.tone, dot.opacity);
        }
        return Ok(());
    }
    let png = dots_to_png("embedding", side, side, dots)?;
    canvas.image([0.0, 0.0, side, side], &png, false);
    Ok(())
}

/// Names at the middles of their classes, moved up or down where two would touch, left out where
/// there is no room (the legend has them all).
fn draw_labels(canvas: &mut Canvas, side: f64, labels: &[(&str, (f64, f64))]) {
    const SIZE: f64 = 11.0;
    let mut taken: Vec<[f64; 4]> = Vec::new();
    for (name, (x, y)) in labels {
        let name = fit_text(name, 110.0, SIZE, Weight::SemiBold);
        let half = text_width(&name, SIZE, Weight::SemiBold) / 2.0 + 3.0;
        let x = x.clamp(half.min(side / 2.0), (side - half).max(side / 2.0));
        let free = [0.0, -14.0, 14.0, -28.0, 28.0]
            .into_iter()
            .find_map(|shift| {
                let y = y + shift;
                let area = [x - half, y - 8.0, x + half, y + 6.0];
                let inside = area[1] > 0.0 && area[3] < side;
                let apart = taken
                    .iter()
                    .all(|t| area[2] < t[0] || area[0] > t[2] || area[3] < t[1] || area[1] > t[3]);
                (inside && apart).then_some((y, area))
            });
        if let Some((y, area)) = free {
            taken.push(area);
            canvas.text(
                (x, y + SIZE * 0.36),
                &name,
                Text::new(SIZE, Tone::Ink)
                    .semi_bold()
                    .anchor(Anchor::Middle)
                    .halo(),
            );
        }
    }
}

fn draw_colour_bar(canvas: &mut Canvas, (x, y): (f64, f64), width: f64, axis: &Axis) {
    const STEPS: usize = 64;
    let length = 260.0f64.min(width * 0.6);
    let label_width = text_width(&axis.label, 12.0, Weight::Regular) * 1.06 + 12.0;
    canvas.text((x, y + 10.0), &axis.label, Text::new(12.0, Tone::Ink));
    let x = x + label_width;
    for i in 0..STEPS {
        // Each step reaches to the end, under the next ones: no seams.
        let from = length * i as f64 / STEPS as f64;
        let tone = viridis((i as f64 + 0.5) / STEPS as f64);
        canvas.rect([x + from, y, length - from, 12.0], tone, 1.0);
    }
    let axis_line = Stroke::solid(Tone::Axis, 1.0);
    let mut last = f64::NEG_INFINITY;
    for tick in &axis.ticks {
        let place = x + axis.fraction(tick.value) * length;
        canvas.line((place, y + 12.0), (place, y + 16.0), axis_line);
        let half = text_width(&tick.label, 11.0, Weight::Regular) / 2.0 + 4.0;
        if place - half < last {
            continue;
        }
        last = place + half;
        canvas.text(
            (place, y + 28.0),
            &tick.label,
            Text::new(11.0, Tone::Muted).anchor(Anchor::Middle),
        );
    }
}

/// The classes and their colours.
struct Classes {
    /// Class number, name, in colour order.
    coloured: Vec<(usize, String)>,
    /// Classes that share grey.
    others: usize,
}

impl Classes {
    fn of(embedding: &Embedding<'_>, usable: &[usize]) -> Self {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for &i in usable {
            *counts.entry(embedding.labels[i]).or_default() += 1;
        }
        let total = counts.len();
        let mut order: Vec<(usize, usize)> = counts.into_iter().collect();
        if total > Tone::CLASS_COLOURS {
            order.sort_by_key(|(class, count)| (std::cmp::Reverse(*count), *class));
            order.truncate(Tone::CLASS_COLOURS - 1);
            order.sort_unstable();
        }
        let name = |class: usize| match embedding.class_names.get(class) {
            Some(name) => name.clone(),
            None => format!("class {class}"),
        };
        Self {
            others: total - order.len(),
            coloured: order.into_iter().map(|(c, _)| (c, name(c))).collect(),
        }
    }

    fn colour(&self, class: usize) -> usize {
        self.coloured
            .iter()
            .position(|(c, _)| *c == class)
            .unwrap_or(Tone::CLASS_COLOURS)
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        for (i, (_, name)) in self.coloured.iter().enumerate() {
            legend.push(Swatch::Dot(Tone::Class(i)), name);
        }
        if self.others > 0 {
            let label = counted(self.others, "other class", "other classes");
            legend.push(Swatch::Dot(Tone::Class(Tone::CLASS_COLOURS)), &label);
        }
        legend
    }

    /// Name and mean place of each coloured class.
    fn centres(
        &self,
        embedding: &Embedding<'_>,
        points: &[Point],
        place: impl Fn(usize) -> Vec<f64>,
    ) -> Vec<(&str, Vec<f64>)> {
        self.coloured
            .iter()
            .filter_map(|(class, name)| {
                let members: Vec<Vec<f64>> = points
                    .iter()
                    .filter(|p| embedding.labels[p.index] == *class)
                    .map(|p| place(p.index))
                    .collect();
                let mut mean = members.first()?.clone();
                for member in &members[1..] {
                    for (m, v) in mean.iter_mut().zip(member) {
                        *m += v;
                    }
                }
                mean.iter_mut().for_each(|m| *m /= members.len() as f64);
                mean.iter()
                    .all(|m| drawable(*m))
                    .then_some((name.as_str(), mean))
            })
            .collect()
    }
}
