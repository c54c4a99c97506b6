//! Query images with their nearest neighbours.

use super::image::Image;
use crate::error::PlotError;
use crate::figure::Figure;
use crate::layout::Page;
use crate::svg::font::fit_text;
use crate::svg::number::{counted, significant};
use crate::svg::{Anchor, Canvas, Stroke, Text, Tone, Weight};

/// One of the nearest neighbours of a query.
#[derive(Clone, Copy, Debug)]
pub struct Neighbour<'a> {
    /// The image.
    pub image: Image<'a>,
    /// Its class.
    pub class_name: &'a str,
    /// Whether that is the query's class.
    pub correct: bool,
    /// Distance to the query.
    pub distance: f64,
}

/// A query and its neighbours, nearest first.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// The image.
    pub image: Image<'a>,
    /// Its class.
    pub class_name: &'a str,
    /// Its uncertainty.
    pub uncertainty: f64,
    /// Nearest first; at most ten are drawn.
    pub neighbours: Vec<Neighbour<'a>>,
}

/// A sheet of queries, one a row, with their nearest neighbours.
#[derive(Clone, Debug)]
pub struct RetrievalSheet<'a> {
    /// File stem, such as `queries_certain`.
    pub name: &'a str,
    /// Title, such as "The most certain queries".
    pub title: &'a str,
    /// The rows; at most thirty are drawn.
    pub queries: Vec<Query<'a>>,
}

const MOST_ROWS: usize = 30;
const MOST_NEIGHBOURS: usize = 10;
const GAP: f64 = 10.0;
/// Between the query and its neighbours.
const QUERY_GAP: f64 = 28.0;
const TEXT_SIZE: f64 = 10.0;
const TEXT_HEIGHT: f64 = 32.0;

impl RetrievalSheet<'_> {
    /// Draws the sheet.
    ///
    /// # Errors
    /// [`PlotError::ImageSize`] when the pixels do not fill an image, [`PlotError::Png`].
    pub fn figure(&self) -> Result<Figure, PlotError> {
        let mut page = Page::wide("queries", self.title);
        let width = page.inner_width();
        let columns = self
            .queries
            .iter()
            .map(|q| q.neighbours.len().min(MOST_NEIGHBOURS))
            .max()
            .unwrap_or(0);
        let room = width - QUERY_GAP - GAP * columns.saturating_sub(1) as f64;
        let cell = (room / (columns + 1) as f64).clamp(40.0, 88.0);
        let mut canvas = Canvas::default();
        let heading = Text::new(11.0, Tone::Muted);
        canvas.text((0.0, 12.0), "query", heading);
        let first = cell + QUERY_GAP;
        if columns > 0 {
            canvas.text((first, 12.0), "nearest neighbours", heading);
        }
        let top = 20.0;
        let row_height = cell + TEXT_HEIGHT + 8.0;
        for (row, query) in self.queries.iter().take(MOST_ROWS).enumerate() {
            let y = top + row as f64 * row_height;
            let lines = [
                query.class_name.to_owned(),
                format!("σ {}", significant(query.uncertainty, 3)),
            ];
            self.draw_cell(&mut canvas, (0.0, y), cell, &query.image, &lines, None)?;
            for (column, neighbour) in query.neighbours.iter().take(columns).enumerate() {
                let x = first + column as f64 * (cell + GAP);
                let lines = [
                    neighbour.class_name.to_owned(),
                    format!("d {}", significant(neighbour.distance, 3)),
                ];
                let frame = Some(neighbour.correct);
                self.draw_cell(&mut canvas, (x, y), cell, &neighbour.image, &lines, frame)?;
            }
        }
        let shown = self.queries.len().min(MOST_ROWS);
        if shown == 0 {
            let style = Text::new(13.0, Tone::Muted).anchor(Anchor::Middle);
            canvas.text((width / 2.0, 40.0), "no data", style);
        }
        let right: usize = self
            .queries
            .iter()
            .filter(|q| q.neighbours.first().is_some_and(|n| n.correct))
            .count();
        page.subtitle =
            "Green frame and tick: the same class. Orange dashed frame and cross: another."
                .to_owned();
        if self.queries.len() > MOST_ROWS {
            page.note(format!("{MOST_ROWS} of {} queries.", self.queries.len()));
        }
        page.alt = format!(
            "{} with their nearest neighbours: {}. The nearest is of the same class for {right} of them.",
            counted(self.queries.len(), "query image", "query images"),
            self.title
        );
        page.caption = format!(
            "{}, with nearest neighbours from left to right; σ is the query's uncertainty, d the \
             distance to it.",
            self.title
        );
        let height = top + row_height * (shown.max(1) as f64);
        Ok(page.compose(&canvas, height).with_name(self.name))
    }

    fn draw_cell(
        &self,
        canvas: &mut Canvas,
        (x, y): (f64, f64),
        cell: f64,
        image: &Image<'_>,
        lines: &[String; 2],
        correct: Option<bool>,
    ) -> Result<(), PlotError> {
        let (png, width, height) = image.to_png(self.name)?;
        // The whole image inside the cell, its proportions kept.
        let scale = cell / f64::from(width.max(height));
        let (w, h) = (f64::from(width) * scale, f64::from(height) * scale);
        let area = [x + (cell - w) / 2.0, y + (cell - h) / 2.0, w, h];
        let pixelated = scale > 1.5;
        canvas.image(area, &png, pixelated);
        let outside = [x - 1.5, y - 1.5, cell + 3.0, cell + 3.0];
        match correct {
            None => canvas.frame(outside, Stroke::solid(Tone::Axis, 1.0)),
            Some(true) => canvas.frame(outside, Stroke::solid(Tone::GOOD, 3.0)),
            Some(false) => canvas.frame(outside, Stroke::dashed(Tone::BAD, 3.0, "6 3")),
        }
        let mut room = cell;
        if let Some(correct) = correct {
            draw_mark(canvas, (x + cell - 9.0, y + cell + 8.0), correct);
            room -= 13.0;
        }
        let fitted = |text: &str, room| fit_text(text, room, TEXT_SIZE, Weight::Regular);
        canvas.text(
            (x, y + cell + 15.0),
            &fitted(&lines[0], room),
            Text::new(TEXT_SIZE, Tone::Ink),
        );
        canvas.text(
            (x, y + cell + 28.0),
            &fitted(&lines[1], cell),
            Text::new(TEXT_SIZE, Tone::Muted),
        );
        Ok(())
    }
}

/// A tick or a cross, 8 units wide.
fn draw_mark(canvas: &mut Canvas, (x, y): (f64, f64), correct: bool) {
    if correct {
        canvas.polyline(
            &[(x, y + 4.0), (x + 3.0, y + 7.0), (x + 8.0, y)],
            Stroke::solid(Tone::GOOD, 2.0),
        );
        return;
    }
    let stroke = Stroke::solid(Tone::BAD, 2.0);
    canvas.line((x + 0.5, y), (x + 7.5, y + 7.0), stroke);
    canvas.line((x + 7.5, y), (x + 0.5, y + 7.0), stroke);
}
