//! A look at a data set: some images of some classes.

use super::image::Image;
use crate::error::PlotError;
use crate::figure::Figure;
use crate::layout::Page;
use crate::layout::page::{HEADING, draw_heading};
use crate::svg::font::fit_text;
use crate::svg::number::counted;
use crate::svg::{Anchor, Canvas, Stroke, Text, Tone, Weight};

/// Images of one class.
#[derive(Clone, Debug)]
pub struct ContactRow<'a> {
    /// The class.
    pub class_name: &'a str,
    /// Number of its images in all.
    pub images: usize,
    /// Those that are shown; at most eight are drawn.
    pub shown: Vec<Image<'a>>,
}

/// Classes that belong together, such as those of the test split.
#[derive(Clone, Debug)]
pub struct ContactSection<'a> {
    /// What they are.
    pub heading: &'a str,
    /// The classes, one a row; at most thirty are drawn.
    pub rows: Vec<ContactRow<'a>>,
}

/// A sheet of classes, one a row, with some of their images.
#[derive(Clone, Debug)]
pub struct ContactSheet<'a> {
    /// File stem.
    pub name: &'a str,
    /// Title, such as the data set's name.
    pub title: &'a str,
    /// A line under the title: what is left out, say.
    pub subtitle: &'a str,
    /// The sections.
    pub sections: Vec<ContactSection<'a>>,
}

const MOST_ROWS: usize = 30;
const MOST_IMAGES: usize = 8;
const NAME_WIDTH: f64 = 124.0;
const GAP: f64 = 6.0;
const TEXT_SIZE: f64 = 11.0;
/// Under each section.
const SECTION_GAP: f64 = 10.0;

impl ContactSheet<'_> {
    /// Draws the sheet.
    ///
    /// # Errors
    /// [`PlotError::ImageSize`] when the pixels do not fill an image, [`PlotError::Png`].
    pub fn figure(&self) -> Result<Figure, PlotError> {
        let mut page = Page::wide("contact_sheet", self.title);
        let width = page.inner_width();
        let room = width - NAME_WIDTH - GAP * (MOST_IMAGES - 1) as f64;
        let cell = room / MOST_IMAGES as f64;
        let mut canvas = Canvas::default();
        let (mut y, mut rows, mut images) = (0.0, 0, 0);
        for section in &self.sections {
            draw_heading(&mut canvas, (0.0, y), width, section.heading);
            y += HEADING;
            for row in section.rows.iter().take(MOST_ROWS) {
                self.draw_row(&mut canvas, y, cell, row)?;
                y += cell + GAP;
                rows += 1;
                images += row.shown.len().min(MOST_IMAGES);
            }
            y += SECTION_GAP;
        }
        if images == 0 {
            let style = Text::new(13.0, Tone::Muted).anchor(Anchor::Middle);
            canvas.text((width / 2.0, y + 20.0), "no image", style);
            y += 40.0;
        }
        page.subtitle = self.subtitle.to_owned();
        page.alt = format!(
            "{}: {} of {}, one class a row.",
            self.title,
            counted(images, "image", "images"),
            counted(rows, "class", "classes")
        );
        page.caption = format!(
            "{}: the first images of some classes, and how many each has.",
            self.title
        );
        Ok(page.compose(&canvas, y).with_name(self.name))
    }

    fn draw_row(
        &self,
        canvas: &mut Canvas,
        y: f64,
        cell: f64,
        row: &ContactRow<'_>,
    ) -> Result<(), PlotError> {
        let room = NAME_WIDTH - 8.0;
        let name = fit_text(row.class_name, room, TEXT_SIZE, Weight::Regular);
        let middle = y + cell / 2.0;
        canvas.text((0.0, middle), &name, Text::new(TEXT_SIZE, Tone::Ink));
        let count = counted(row.images, "image", "images");
        let style = Text::new(TEXT_SIZE - 1.0, Tone::Muted);
        canvas.text((0.0, middle + 14.0), &count, style);
        for (column, image) in row.shown.iter().take(MOST_IMAGES).enumerate() {
            let x = NAME_WIDTH + column as f64 * (cell + GAP);
            let (png, width, height) = image.to_png(self.name)?;
            // The whole image inside the cell, its proportions kept.
            let scale = cell / f64::from(width.max(height));
            let (w, h) = (f64::from(width) * scale, f64::from(height) * scale);
            let area = [x + (cell - w) / 2.0, y + (cell - h) / 2.0, w, h];
            canvas.image(area, &png, scale > 1.5);
            canvas.frame(area, Stroke::solid(Tone::Axis, 0.5));
        }
        Ok(())
    }
}
