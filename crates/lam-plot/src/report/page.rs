//! What a report says.

use std::path::Path;

use crate::error::PlotError;
use crate::figure::Figure;
use crate::save::write_atomic;

/// A self-contained page: no script, no request to anywhere. All text is escaped.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Title of the page.
    pub title: String,
    /// One or two sentences under it; may be empty.
    pub lead: String,
    /// Method, data set, seed, protocol and the like: name and value.
    pub facts: Vec<(String, String)>,
    /// What the reader must know before believing the numbers.
    pub warnings: Vec<String>,
    /// The headline numbers.
    pub metrics: Vec<Metric>,
    /// Figures, tables and text.
    pub sections: Vec<Section>,
    /// The command that made the run; may be empty.
    pub command: String,
    /// The whole configuration as text; may be empty.
    pub configuration: String,
}

/// A headline number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metric {
    /// Name, such as "recall@1".
    pub name: String,
    /// Value as it is to be read, such as "0.823 ± 0.004".
    pub value: String,
    /// What it means, in one line.
    pub explanation: String,
}

/// A part of the page under a heading.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// What stands under it, in order.
    pub blocks: Vec<Block>,
}

/// One element of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A remark that must not be overlooked.
    Warning(String),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// A table.
    Table(Table),
    /// A figure with its caption.
    Figure(Figure),
    /// Text of fixed width, such as a configuration.
    Code(String),
}

/// A table. Columns of numbers are set flush right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What the table shows.
    pub caption: String,
    /// Column headings.
    pub header: Vec<String>,
    /// Rows; the first cell of each is its heading.
    pub rows: Vec<Vec<String>>,
    /// Cells set in bold: row and column, counted from 0.
    pub strong: Vec<(usize, usize)>,
}

impl Report {
    /// The page.
    ///
    /// # Errors
    /// [`PlotError::Raster`] when a figure too big to stand inline cannot be made a PNG.
    pub fn html(&self) -> Result<String, PlotError> {
        super::html::page(self)
    }

    /// Writes the page; the file appears whole or not at all.
    ///
    /// # Errors
    /// Those of [`Report::html`], and [`PlotError::Write`] with the file's name.
    pub fn save(&self, path: &Path) -> Result<(), PlotError> {
        write_atomic(path, self.html()?.as_bytes())
    }
}
