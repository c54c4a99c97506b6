//! Aerial views and street views of the same places: a street picture is looked up among views synthesised from
//! aerial pictures.

use std::path::Path;

use super::files::{below, content_of};
use super::place_pictures::{PlacePicture, PlacePictures};
use crate::formats::CsvTable;
use crate::places::Place;
use crate::{DataError, LayoutError};

/// The environments that there are.
pub const DAG_ENVIRONMENTS: &[&str] = &["nordhavn", "lolland", "skagen", "motorring_3"];

/// Columns of a table: file, easting, northing, heading in degrees.
type Columns = [&'static str; 4];

const STREET: Columns = [
    "perspective_filename",
    "UTM Easting",
    "UTM Northing",
    "perspective_heading[deg]",
];

const AERIAL: Columns = ["rgb", "easting", "northing", "angle"];

/// Pictures of the given environments, folders below `folder`; those that are not there are named in the result.
///
/// Queries are `ENV/street_images_perspective/SEQ`, with `reference_perspective.csv`; the database is
/// `ENV/synthetized_view/MODEL/SEQ`, with `reference.csv`. The pictures of both are in `images/`; whether they exist
/// is not looked up.
///
/// # Errors
/// [`LayoutError::NoSuchFolder`] if none of the environments is there; otherwise [`DataError::Io`] and [`LayoutError`],
/// naming file and line.
pub fn list_dag(folder: &Path, environments: &[&str]) -> Result<PlacePictures, DataError> {
    let mut pictures = PlacePictures::default();
    for &environment in environments {
        let of_environment = folder.join(environment);
        if !of_environment.is_dir() {
            pictures.missing.push(environment.to_owned());
            continue;
        }
        let street = of_environment.join("street_images_perspective");
        for sequence in folders_of(&street, "street pictures, a folder a sequence")? {
            let table = sequence.join("reference_perspective.csv");
            read_table(&table, STREET, &mut pictures.queries)?;
        }
        let aerial = of_environment.join("synthetized_view");
        for model in folders_of(&aerial, "synthesised views, a folder a model")? {
            for sequence in folders_of(&model, "synthesised views, a folder a sequence")? {
                read_table(
                    &sequence.join("reference.csv"),
                    AERIAL,
                    &mut pictures.database,
                )?;
            }
        }
    }
    if pictures.missing.len() == environments.len() {
        return Err(LayoutError::NoSuchFolder {
            folder: folder.join(environments.first().unwrap_or(&"")),
            expected: "one of the environments of this split",
        }
        .into());
    }
    pictures.or_nothing(folder)
}

fn folders_of(folder: &Path, expected: &'static str) -> Result<Vec<std::path::PathBuf>, DataError> {
    if !folder.is_dir() {
        return Err(LayoutError::NoSuchFolder {
            folder: folder.into(),
            expected,
        }
        .into());
    }
    Ok(content_of(folder)?.folders)
}

/// Adds the pictures of a table.
fn read_table(
    file: &Path,
    [name, easting, northing, heading]: Columns,
    into: &mut Vec<PlacePicture>,
) -> Result<(), DataError> {
    let table = CsvTable::with_header(file, "the table of where the pictures were taken")?;
    let columns = [
        table.column(name)?,
        table.column(easting)?,
        table.column(northing)?,
        table.column(heading)?,
    ];
    let images = file.with_file_name("images");
    for row in table.rows() {
        let named = row.text(columns[0], name)?;
        // Some tables name the folder too.
        let named = named.strip_prefix("images/").unwrap_or(named);
        into.push(PlacePicture {
            path: below(&images, named).map_err(|reason| row.error(reason))?,
            place: Place {
                easting: row.number(columns[1], easting)?,
                northing: row.number(columns[2], northing)?,
                heading: Some(row.number(columns[3], heading)?),
            },
        });
    }
    Ok(())
}
