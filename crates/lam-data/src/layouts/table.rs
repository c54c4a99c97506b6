//! A table of images, in the convention of Open Metric Learning.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::boxes::BoxColumns;
use super::files::require_all;
use super::listing::Listing;
use crate::formats::{CsvTable, Row};
use crate::{DataError, PhotoSource, Split};

/// Images of one split of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableListing {
    /// The images, in the order of the table.
    pub listing: Listing,
    /// What each image is for, `[N]`; none where the table does not say, so that every image is both.
    pub roles: Option<Vec<Roles>>,
}

/// What an image of the test split is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// It is looked up.
    pub query: bool,
    /// It is among those that are found.
    pub gallery: bool,
}

/// The key of a class: numbers in their order, before names in theirs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Number(i64),
    Name(String),
}

/// Images of a CSV table with the columns `path` (from the table's folder, or absolute), `label` and `split` (`train`,
/// `validation` or `test`); for images to test on, `is_query` and `is_gallery` say what they are for. With `x_1`, `y_1`, `x_2`, `y_2`
/// an image is that part of its picture, so that a picture may stand there several times.
///
/// # Errors
/// [`DataError::Io`]; [`LayoutError`](crate::LayoutError), naming file and line: columns that are missing, values that are empty or wrong,
/// paths that do not exist, images that stand there twice, boxes without a pixel. Whether a box lies inside its picture shows when
/// that is decoded.
pub fn list_table(file: &Path, split: Split) -> Result<TableListing, DataError> {
    let words = split.of_two("table of images", "train", "validation or test")?;
    let table = CsvTable::with_header(file, "the table of images")?;
    let columns = [
        table.column("path")?,
        table.column("label")?,
        table.column("split")?,
    ];
    let roles_columns = match (
        table.optional_column("is_query"),
        table.optional_column("is_gallery"),
    ) {
        (None, None) => None,
        // One without the other is a mistake, which the error about the missing one says.
        _ => Some([table.column("is_query")?, table.column("is_gallery")?]),
    };
    let boxes = BoxColumns::of(&table)?;
    let base = file.parent().unwrap_or(Path::new(""));
    let (mut images, mut regions) = (Vec::new(), Vec::new());
    let (mut roles, mut lines) = (Vec::new(), BTreeMap::new());
    for row in table.rows() {
        let path = base.join(row.text(columns[0], "path")?);
        let class = class(row.text(columns[1], "label")?);
        let of_row = row_split(row, columns[2])?;
        let region = boxes
            .as_ref()
            .map_or(Ok(None), |columns| columns.of_row(row))?;
        if let Some(before) = lines.insert((path.clone(), region), row.line) {
            let path = PhotoSource::file(path, region).name();
            return Err(row.error(format!("{path} stands in line {before} too")));
        }
        if of_row != split {
            continue;
        }
        if let Some(columns) = roles_columns {
            roles.push(row_roles(row, columns, split)?);
        }
        regions.push(region);
        images.push((path, class));
    }
    let mut in_order: Vec<(u64, &PathBuf)> = lines
        .iter()
        .map(|((path, _), &line)| (line, path))
        .collect();
    in_order.sort();
    require_all(
        file,
        in_order
            .into_iter()
            .map(|(line, path)| (line, path.as_path())),
    )?;
    let name = |class: &Class| match class {
        Class::Number(number) => number.to_string(),
        Class::Name(name) => name.clone(),
    };
    let expected = format!("rows whose split is {words}");
    let mut listing = Listing::new(file, expected, images, name, 0)?;
    for (image, region) in listing.images.iter_mut().zip(regions) {
        image.region = region;
    }
    Ok(TableListing {
        listing,
        roles: (split == Split::Test && roles_columns.is_some()).then_some(roles),
    })
}

fn class(label: &str) -> Class {
    // "1" and "01" are two classes.
    match label.parse::<i64>() {
        Ok(number) if number.to_string() == label => Class::Number(number),
        _ => Class::Name(label.to_owned()),
    }
}

fn row_split(row: Row<'_>, column: usize) -> Result<Split, DataError> {
    match row.text(column, "split")? {
        "train" => Ok(Split::Train),
        "validation" | "val" | "test" => Ok(Split::Test),
        other => Err(row.error(format!(
            "split is '{other}', expected train, validation or test"
        ))),
    }
}

fn row_roles(row: Row<'_>, [query, gallery]: [usize; 2], split: Split) -> Result<Roles, DataError> {
    let roles = Roles {
        query: row.truth(query, "is_query")?.unwrap_or(false),
        gallery: row.truth(gallery, "is_gallery")?.unwrap_or(false),
    };
    if split == Split::Test && !roles.query && !roles.gallery {
        let reason = "an image to test on that is neither a query nor of the gallery";
        return Err(row.error(reason));
    }
    Ok(roles)
}
