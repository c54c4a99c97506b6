//! A finished figure.

use std::path::{Path, PathBuf};

use crate::error::PlotError;
use crate::save::write_atomic;
use crate::svg::raster::svg_to_png;

/// A finished figure: one SVG document, from which the PNG is made.
#[derive(Clone, Debug)]
pub struct Figure {
    name: String,
    title: String,
    alt: String,
    caption: String,
    width: f64,
    height: f64,
    svg: String,
}

/// Where a figure was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureFiles {
    /// Vector file.
    pub svg: PathBuf,
    /// Raster file, two pixels per unit of the vector file.
    pub png: PathBuf,
}

impl Figure {
    pub(crate) fn new(
        name: &str,
        title: String,
        alt: String,
        caption: String,
        width: f64,
        height: f64,
        svg: String,
    ) -> Self {
        Self {
            name: name.to_owned(),
            title,
            alt,
            caption,
            width,
            height,
            svg,
        }
    }

    /// The same figure under another file stem; only letters, digits, `-` and `_` of it are kept.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        let kept: String = name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
            .collect();
        if !kept.is_empty() {
            self.name = kept;
        }
        self
    }

    /// File stem.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Title, as drawn.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What the figure shows, in words, for readers who cannot see it.
    pub fn alt(&self) -> &str {
        &self.alt
    }

    /// How to read the figure.
    pub fn caption(&self) -> &str {
        &self.caption
    }

    /// Width and height in units of the SVG (CSS pixels).
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// The SVG document, without an XML prolog, so that it can stand inline in HTML. It has no
    /// `id` attributes.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The PNG file, two pixels per unit.
    ///
    /// # Errors
    /// [`PlotError::Raster`] when the figure is too large to be rasterised.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        svg_to_png(&self.name, &self.svg)
    }

    /// Writes `NAME.svg` and `NAME.png` into `folder`, which must exist. Each file appears whole or
    /// not at all.
    ///
    /// # Errors
    /// [`PlotError::Write`] with the file's name, [`PlotError::Raster`].
    pub fn save(&self, folder: &Path) -> Result<FigureFiles, PlotError> {
        let files = FigureFiles {
            svg: folder.join(format!("{}.svg", self.name)),
            png: folder.join(format!("{}.png", self.name)),
        };
        let png = self.png()?;
        write_atomic(&files.svg, self.svg.as_bytes())?;
        write_atomic(&files.png, &png)?;
        Ok(files)
    }
}
