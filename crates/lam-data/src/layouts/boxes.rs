//! Boxes in tables, in the convention of Open Metric Learning.

use crate::formats::{CsvTable, Row};
use crate::{DataError, Region};

const NAMES: [&str; 4] = ["x_1", "y_1", "x_2", "y_2"];

/// Columns that say which part of a picture is meant: from column `x_1` and row `y_1` to `x_2` and `y_2`, which are the first
/// outside of it. Pixels are whole; fractions, which tables have where some rows have no box, are cut off.
pub(crate) struct BoxColumns([usize; 4]);

impl BoxColumns {
    /// The columns of a table that has them.
    ///
    /// # Errors
    /// [`LayoutError::NoColumn`](crate::LayoutError::NoColumn) if it has only some.
    pub(crate) fn of(table: &CsvTable) -> Result<Option<Self>, DataError> {
        if NAMES
            .iter()
            .all(|name| table.optional_column(name).is_none())
        {
            return Ok(None);
        }
        let [x_1, y_1, x_2, y_2] = NAMES;
        Ok(Some(Self([
            table.column(x_1)?,
            table.column(y_1)?,
            table.column(x_2)?,
            table.column(y_2)?,
        ])))
    }

    /// The box of a row, none where all four values are empty.
    ///
    /// # Errors
    /// [`LayoutError::Line`](crate::LayoutError::Line): values that are missing, negative or no numbers, boxes without a pixel.
    pub(crate) fn of_row(&self, row: Row<'_>) -> Result<Option<Region>, DataError> {
        let texts = self.0.map(|column| row.get(column));
        let is_missing =
            |text: &str| matches!(text.to_ascii_lowercase().as_str(), "" | "nan" | "none");
        if texts.iter().all(|text| is_missing(text)) {
            return Ok(None);
        }
        let mut corners = [0; 4];
        for ((corner, column), name) in corners.iter_mut().zip(self.0).zip(NAMES) {
            let number = row.number(column, name)?;
            if !(0.0..=f64::from(u32::MAX)).contains(&number) {
                let text = row.get(column);
                return Err(row.error(format!("{name} is '{text}', expected pixels from 0")));
            }
            *corner = number as usize;
        }
        let region = Region::between(corners);
        region.map(Some).ok_or_else(|| {
            let [x_1, y_1, x_2, y_2] = corners;
            row.error(format!(
                "the box {x_1},{y_1},{x_2},{y_2} is empty, expected x_1 < x_2 and y_1 < y_2"
            ))
        })
    }
}
