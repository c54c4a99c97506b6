//! Query images with their nearest neighbours.

use crate::error::PlotError;
use crate::figure::Figure;
use crate::layout::Page;
use crate::svg::font::fit_text;
use crate::svg::number::{counted, significant};
use crate::svg::raster::encode_png;
use crate::svg::{Anchor, Canvas, Stroke, Text, Tone, Weight};

/// Eight-bit pixels, row by row.
#[derive(Clone, Copy, Debug)]
pub enum Pixels<'a> {
    /// One byte per pixel.
    Grey(&'a [u8]),
    /// Three bytes per pixel.
    Rgb(&'a [u8]),
}

/// An image.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pixels.
    pub pixels: Pixels<'a>,
}

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
/// Images wider or higher than this are reduced before they are embedded.
const MOST_PIXELS: u32 = 192;
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

impl Image<'_> {
    /// The image, reduced where it is large, as a PNG file, and its size.
    fn to_png(self, figure: &str) -> Result<(Vec<u8>, u32, u32), PlotError> {
        let (data, channels, color) = match self.pixels {
            Pixels::Grey(data) => (data, 1u32, png::ColorType::Grayscale),
            Pixels::Rgb(data) => (data, 3, png::ColorType::Rgb),
        };
        let area = u64::from(self.width) * u64::from(self.height);
        let expected = area.saturating_mul(u64::from(channels));
        if area == 0 || data.len() as u64 != expected {
            return Err(PlotError::ImageSize {
                figure: figure.to_owned(),
                width: self.width,
                height: self.height,
                channels,
                expected,
                found: data.len(),
            });
        }
        let factor = self.width.max(self.height).div_ceil(MOST_PIXELS);
        if factor == 1 {
            let png = encode_png(self.width, self.height, color, data)?;
            return Ok((png, self.width, self.height));
        }
        let (width, height) = (self.width.div_ceil(factor), self.height.div_ceil(factor));
        let reduced = self.reduced(data, channels as usize, factor as usize);
        Ok((encode_png(width, height, color, &reduced)?, width, height))
    }

    /// Means of blocks of `factor`×`factor` pixels.
    fn reduced(&self, data: &[u8], channels: usize, factor: usize) -> Vec<u8> {
        let (width, height) = (self.width as usize, self.height as usize);
        let mut out = Vec::new();
        for top in (0..height).step_by(factor) {
            for left in (0..width).step_by(factor) {
                for channel in 0..channels {
                    let (mut sum, mut count) = (0u64, 0u64);
                    for y in top..(top + factor).min(height) {
                        for x in left..(left + factor).min(width) {
                            sum += u64::from(data[(y * width + x) * channels + channel]);
                            count += 1;
                        }
                    }
                    out.push(((sum + count / 2) / count.max(1)) as u8);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn large_images_are_averaged() {
        // 400×2: columns of 3 pixels each become one; every pixel's value is its column.
        let data: Vec<u8> = (0..800).map(|i| (i % 400 / 3) as u8).collect();
        let image = Image {
            width: 400,
            height: 2,
            pixels: Pixels::Grey(&data),
        };
        let (_, width, height) = image.to_png("x").unwrap();
        assert_eq!((width, height), (134, 1));
        let reduced = image.reduced(&data, 1, 3);
        assert_eq!(reduced, (0..134).map(|i| i as u8).collect::<Vec<_>>());
    }
}
