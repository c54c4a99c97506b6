//! Legends: inside the panel where a corner is free, otherwise in rows above it.

use crate::svg::font::{fit_text, text_width};
use crate::svg::{Canvas, Stroke, Text, Tone, Weight};

use super::Trace;

const SIZE: f64 = 12.0;
const ROW: f64 = 18.0;
const GAP: f64 = 8.0;
/// Wider labels are not put inside.
const WIDEST_INSIDE: f64 = 330.0;
/// More entries than this are never put inside.
const MOST_INSIDE: usize = 6;
/// Viewers without the embedded font may set wider text.
const SLACK: f64 = 1.06;

/// The mark before a label.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Swatch {
    Line(Stroke),
    Block(Tone),
    Dot(Tone),
    Ring(Tone),
}

impl Swatch {
    fn width(self) -> f64 {
        match self {
            Swatch::Line(_) => 22.0,
            Swatch::Block(_) => 14.0,
            Swatch::Dot(_) | Swatch::Ring(_) => 9.0,
        }
    }
}

/// A mark and its label, "name: value".
#[derive(Clone, Debug)]
struct Entry {
    swatch: Swatch,
    name: String,
    /// May be empty.
    value: String,
}

impl Entry {
    /// The label in at most `room` units: of one that is too long the name is cut.
    fn label(&self, room: f64) -> String {
        let value = match self.value.as_str() {
            "" => String::new(),
            value => format!(": {value}"),
        };
        let room = room / SLACK - text_width(&value, SIZE, Weight::Regular);
        fit_text(&self.name, room, SIZE, Weight::Regular) + &value
    }

    fn label_width(&self, room: f64) -> f64 {
        text_width(&self.label(room), SIZE, Weight::Regular) * SLACK
    }
}

/// Marks and labels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legend {
    entries: Vec<Entry>,
}

impl Legend {
    pub(crate) fn push(&mut self, swatch: Swatch, label: &str) {
        self.push_valued(swatch, label, "");
    }

    /// An entry "name: value" of which only the name is cut where it is too long.
    pub(crate) fn push_valued(&mut self, swatch: Swatch, name: &str, value: &str) {
        let name = crate::svg::escape::single_line(name);
        let (name, value) = if name.is_empty() {
            (value.to_owned(), String::new())
        } else {
            (name, value.to_owned())
        };
        self.entries.push(Entry {
            swatch,
            name,
            value,
        });
    }

    /// Width of the widest mark, so that labels stand in one line.
    fn swatch_width(&self) -> f64 {
        let widths = self.entries.iter().map(|entry| entry.swatch.width());
        widths.fold(0.0, f64::max)
    }

    /// Room for a label in a row of `width`.
    fn label_room(&self, width: f64) -> f64 {
        width - self.swatch_width() - GAP
    }

    /// Width of the widest entry with labels of at most `room`.
    fn entry_width(&self, room: f64) -> f64 {
        let labels = self.entries.iter().map(|entry| entry.label_width(room));
        self.swatch_width() + GAP + labels.fold(0.0, f64::max)
    }

    /// Places of the entries, row by row in columns of equal width, and the height of all.
    fn rows(&self, width: f64) -> (Vec<(f64, f64)>, f64) {
        let column = self.entry_width(self.label_room(width)) + 18.0;
        let columns = (((width + 18.0) / column) as usize).max(1);
        let places: Vec<(f64, f64)> = (0..self.entries.len())
            .map(|i| ((i % columns) as f64 * column, (i / columns) as f64 * ROW))
            .collect();
        let height = places.last().map_or(0.0, |(_, y)| y + ROW + 6.0);
        (places, height)
    }

    /// Height of the legend in rows of at most `width`.
    pub(crate) fn rows_height(&self, width: f64) -> f64 {
        self.rows(width).1
    }

    /// Draws the legend in rows from (x, y).
    pub(crate) fn draw_rows(&self, canvas: &mut Canvas, (x, y): (f64, f64), width: f64) {
        let (mark, room) = (self.swatch_width(), self.label_room(width));
        for (entry, (dx, dy)) in self.entries.iter().zip(self.rows(width).0) {
            draw_entry(
                canvas,
                (x + dx, y + dy),
                mark,
                entry.swatch,
                &entry.label(room),
            );
        }
    }

    /// A free corner of `area` = [x, y, width, height]: the first of bottom right, bottom left, top
    /// right, top left that no trace crosses.
    pub(crate) fn free_corner(&self, area: [f64; 4], traces: &[&Trace]) -> Option<[f64; 4]> {
        let widest = self.entry_width(f64::INFINITY);
        if self.entries.len() > MOST_INSIDE || self.label_room(widest) > WIDEST_INSIDE {
            return None;
        }
        let [x, y, width, height] = area;
        let w = widest + 12.0;
        let h = self.entries.len() as f64 * ROW + 8.0;
        let inset = 8.0;
        if w > width - 2.0 * inset || h > height - 2.0 * inset {
            return None;
        }
        let (left, right) = (x + inset, x + width - inset - w);
        let (top, bottom) = (y + inset, y + height - inset - h);
        [(right, bottom), (left, bottom), (right, top), (left, top)]
            .into_iter()
            .map(|(x, y)| [x, y, w, h])
            .find(|corner| {
                !traces
                    .iter()
                    .flat_map(|t| &t.pieces)
                    .any(|piece| crosses(piece, *corner))
            })
    }

    /// Draws the legend, one entry a line, on a plain ground.
    pub(crate) fn draw_box(&self, canvas: &mut Canvas, area: [f64; 4]) {
        canvas.rect(area, Tone::Paper, 0.85);
        let [x, y, ..] = area;
        let mark = self.swatch_width();
        for (i, entry) in self.entries.iter().enumerate() {
            let place = (x + 6.0, y + 4.0 + i as f64 * ROW);
            let label = entry.label(f64::INFINITY);
            draw_entry(canvas, place, mark, entry.swatch, &label);
        }
    }
}

/// A mark in the middle of `width` units, and its label.
fn draw_entry(canvas: &mut Canvas, (x, y): (f64, f64), width: f64, swatch: Swatch, label: &str) {
    let middle = y + ROW / 2.0;
    match swatch {
        Swatch::Line(stroke) => canvas.line((x, middle), (x + width, middle), stroke),
        Swatch::Block(tone) => {
            canvas.rect([x + width / 2.0 - 7.0, middle - 5.0, 14.0, 10.0], tone, 0.6);
        }
        Swatch::Dot(tone) => canvas.circle((x + width / 2.0, middle), 4.5, tone, 1.0),
        Swatch::Ring(tone) => {
            canvas.ring((x + width / 2.0, middle), 4.0, Stroke::solid(tone, 1.4));
        }
    }
    canvas.text(
        (x + width + GAP, middle + SIZE * 0.36),
        label,
        Text::new(SIZE, Tone::Ink),
    );
}

/// Whether a connected line, or a single point, touches the rectangle.
fn crosses(piece: &[(f64, f64)], [x, y, w, h]: [f64; 4]) -> bool {
    let inside = |p: &(f64, f64)| p.0 >= x && p.0 <= x + w && p.1 >= y && p.1 <= y + h;
    piece.iter().any(inside)
        || piece.windows(2).any(|pair| {
            let (a, b) = (pair[0], pair[1]);
            // Liang and Barsky: the part of the segment inside all four half-planes.
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let (mut enter, mut leave) = (0.0f64, 1.0f64);
            for (direction, room) in [
                (-dx, a.0 - x),
                (dx, x + w - a.0),
                (-dy, a.1 - y),
                (dy, y + h - a.1),
            ] {
                if direction == 0.0 {
                    if room < 0.0 {
                        return false;
                    }
                } else if direction < 0.0 {
                    enter = enter.max(room / direction);
                } else {
                    leave = leave.min(room / direction);
                }
            }
            enter <= leave
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn crossing_is_found_without_a_point_inside() {
        let area = [10.0, 10.0, 10.0, 10.0];
        assert!(crosses(&[(0.0, 15.0), (30.0, 15.0)], area));
        assert!(crosses(&[(15.0, 15.0)], area));
        assert!(crosses(&[(5.0, 16.0), (16.0, 5.0)], area));
        assert!(!crosses(&[(0.0, 15.0), (15.0, 0.0)], area));
        assert!(!crosses(&[(25.0, 0.0), (25.0, 30.0)], area));
    }

    #[test]
    fn a_corner_without_lines_is_taken() {
        let mut legend = Legend::default();
        let stroke = Stroke::solid(Tone::Ink, 1.0);
        legend.push(Swatch::Line(stroke), "a");
        let area = [0.0, 0.0, 300.0, 300.0];
        let diagonal = Trace::line((0.0, 300.0), (300.0, 0.0), stroke);
        let corner = legend.free_corner(area, &[&diagonal]).unwrap();
        assert!(corner[0] > 150.0 && corner[1] > 150.0);
        let bottom = Trace::line((0.0, 280.0), (300.0, 280.0), stroke);
        let corner = legend.free_corner(area, &[&bottom]).unwrap();
        assert!(corner[1] < 50.0);
        for _ in 0..6 {
            legend.push(Swatch::Line(stroke), "b");
        }
        assert!(legend.free_corner(area, &[]).is_none());
    }

    #[test]
    fn a_long_label_goes_above_and_is_cut_only_where_the_row_ends() {
        let mut legend = Legend::default();
        let name = "a collection with a long name (in distribution)";
        legend.push_valued(
            Swatch::Block(Tone::Ink),
            name,
            "10,000 images, median 0.123",
        );
        let area = [0.0, 0.0, 900.0, 400.0];
        assert!(legend.free_corner(area, &[]).is_none());
        let shown = |width| legend.entries[0].label(legend.label_room(width));
        assert!(shown(900.0).starts_with(name));
        let cut = shown(330.0);
        assert!(!cut.starts_with(name) && cut.ends_with(": 10,000 images, median 0.123"));
        assert!(legend.entry_width(legend.label_room(330.0)) <= 330.0);
    }
}
