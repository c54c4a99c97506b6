//! The page of a figure: title, subtitle, drawing, notes. Its height follows from what it says, so
//! nothing is ever cut off.

use crate::figure::Figure;
use crate::svg::escape::single_line;
use crate::svg::font::{FAMILY, wrap_text};
use crate::svg::number::coordinate;
use crate::svg::{Canvas, Text, Tone, Weight, escape};

const MARGIN: f64 = 16.0;
const TITLE_SIZE: f64 = 15.0;
const SUBTITLE_SIZE: f64 = 12.0;
const NOTE_SIZE: f64 = 10.5;
const LEADING: f64 = 1.35;

/// What stands around the drawing.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// File stem.
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) subtitle: String,
    /// What a reader who cannot see the figure should know.
    pub(crate) alt: String,
    /// Text under the figure in a report.
    pub(crate) caption: String,
    /// Remarks on the data: points left out, values clamped.
    pub(crate) notes: Vec<String>,
    pub(crate) width: f64,
}

impl Page {
    /// A page of 640 units.
    pub(crate) fn wide(name: &'static str, title: &str) -> Self {
        Self {
            name,
            title: single_line(title),
            width: 640.0,
            ..Self::default()
        }
    }

    /// A page of 520 units, for a square panel.
    pub(crate) fn square(name: &'static str, title: &str) -> Self {
        Self {
            width: 520.0,
            ..Self::wide(name, title)
        }
    }

    /// Width of the drawing.
    pub(crate) fn inner_width(&self) -> f64 {
        self.width - 2.0 * MARGIN
    }

    /// Adds a note unless it is empty.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.notes.push(text);
        }
    }

    /// The figure around a drawing of [`Page::inner_width`] by `height`.
    pub(crate) fn compose(self, drawing: &Canvas, height: f64) -> Figure {
        let room = self.inner_width();
        let mut canvas = Canvas::default();
        let mut y = MARGIN * 0.6;
        let block = |y: &mut f64, canvas: &mut Canvas, text: &str, style: Text| {
            let lines = wrap_text(text, room, style.size, style.weight);
            for line in &lines {
                *y += style.size * LEADING;
                canvas.text((MARGIN, *y - style.size * 0.25), line, style);
            }
        };
        let title = Text::new(TITLE_SIZE, Tone::Ink).semi_bold();
        block(&mut y, &mut canvas, &self.title, title);
        let subtitle = Text::new(SUBTITLE_SIZE, Tone::Muted);
        block(&mut y, &mut canvas, &self.subtitle, subtitle);
        y += 8.0;
        canvas.place((MARGIN, y), drawing);
        y += height + 4.0;
        let notes = Text::new(NOTE_SIZE, Tone::Muted);
        for note in &self.notes {
            block(&mut y, &mut canvas, note, notes);
        }
        y += MARGIN * 0.75;
        let (width, height) = (self.width.ceil(), y.ceil());
        let alt = single_line(&self.alt);
        let mut background = Canvas::default();
        background.rect([0.0, 0.0, width, height], Tone::Paper, 1.0);
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
             font-family=\"{FAMILY}\" role=\"img\" aria-label=\"{}\"><title>{}</title>{}{}</svg>\n",
            escape(&alt),
            escape(&self.title),
            background.body(),
            canvas.body(),
            w = coordinate(width),
            h = coordinate(height),
        );
        Figure::new(
            self.name,
            self.title,
            alt,
            single_line(&self.caption),
            width,
            height,
            svg,
        )
    }
}

/// Height of `text` set as a small heading over a panel.
pub(crate) const HEADING: f64 = 20.0;

/// A small heading over a panel, its baseline inside the first [`HEADING`] units under `y`.
pub(crate) fn draw_heading(canvas: &mut Canvas, (x, y): (f64, f64), width: f64, text: &str) {
    let text = crate::svg::font::fit_text(text, width, SUBTITLE_SIZE, Weight::SemiBold);
    canvas.text(
        (x, y + 13.0),
        &text,
        Text::new(SUBTITLE_SIZE, Tone::Ink).semi_bold(),
    );
}
