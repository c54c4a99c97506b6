//! Mapillary Street-Level Sequences (Warburg et al. 2020).

use std::collections::BTreeMap;
use std::path::Path;

use super::place_pictures::{PlacePicture, PlacePictures};
use crate::formats::CsvTable;
use crate::places::Place;
use crate::{DataError, LayoutError};

/// Cities to train on, of the folder `train_val`.
pub const MSLS_TRAIN: &[&str] = &[
    "train_val/zurich",
    "train_val/london",
    "train_val/boston",
    "train_val/amsterdam",
    "train_val/helsinki",
    "train_val/tokyo",
    "train_val/toronto",
    "train_val/saopaulo",
    "train_val/moscow",
    "train_val/trondheim",
    "train_val/paris",
    "train_val/bangkok",
    "train_val/budapest",
    "train_val/austin",
    "train_val/berlin",
    "train_val/ottawa",
    "train_val/phoenix",
    "train_val/goa",
    "train_val/amman",
    "train_val/nairobi",
    "train_val/manila",
];

/// Cities to validate on, of the folder `train_val`.
pub const MSLS_VALIDATION: &[&str] = &["train_val/cph", "train_val/sf"];

/// Cities to test on, of the folder `test`.
pub const MSLS_TEST: &[&str] = &[
    "test/miami",
    "test/athens",
    "test/buenosaires",
    "test/stockholm",
    "test/bengaluru",
    "test/kampala",
];

/// Pictures of the given cities, folders below `MSLS`; those that are not there are named in the result.
///
/// `CITY/{query,database}/postprocessed.csv` has the columns `key`, `easting`, `northing` (metres), `raw.csv` says which
/// are panoramas (`pano`), which are left out. A picture is `images/KEY.jpg`; whether it exists is not looked up.
///
/// # Errors
/// [`LayoutError::NoSuchFolder`] if none of the cities is there; otherwise [`DataError::Io`] and [`LayoutError`], naming
/// file and line.
pub fn list_msls(folder: &Path, cities: &[&str]) -> Result<PlacePictures, DataError> {
    let mut pictures = PlacePictures::default();
    for &city in cities {
        let of_city = folder.join(city);
        if !of_city.is_dir() {
            pictures.missing.push(city.to_owned());
            continue;
        }
        for (part, into) in [
            ("query", &mut pictures.queries),
            ("database", &mut pictures.database),
        ] {
            pictures.panoramas += read_part(&of_city.join(part), into)?;
        }
    }
    if pictures.missing.len() == cities.len() {
        return Err(LayoutError::NoSuchFolder {
            folder: folder.join(cities.first().unwrap_or(&"")),
            expected: "one of the cities of this split",
        }
        .into());
    }
    pictures.or_nothing(folder)
}

/// Adds the pictures of a folder; the number of panoramas left out.
fn read_part(folder: &Path, into: &mut Vec<PlacePicture>) -> Result<usize, DataError> {
    let raw = CsvTable::with_header(&folder.join("raw.csv"), "the table of what is a panorama")?;
    let (key, pano) = (raw.column("key")?, raw.column("pano")?);
    let mut is_panorama = BTreeMap::new();
    for row in raw.rows() {
        let pano = row.truth(pano, "pano")?.unwrap_or(false);
        if is_panorama.insert(row.text(key, "key")?, pano).is_some() {
            return Err(row.error("this key stands in an earlier line too"));
        }
    }
    let purpose = "the table of where the pictures were taken";
    let places = CsvTable::with_header(&folder.join("postprocessed.csv"), purpose)?;
    let key = places.column("key")?;
    let (easting, northing) = (places.column("easting")?, places.column("northing")?);
    let images = folder.join("images");
    let mut panoramas = 0;
    for row in places.rows() {
        let name = row.text(key, "key")?;
        match is_panorama.get(name) {
            None => return Err(row.error(format!("key {name} is not in raw.csv"))),
            Some(true) => {
                panoramas += 1;
                continue;
            }
            Some(false) => {}
        }
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(row.error(format!("key '{name}' is no name of a file")));
        }
        into.push(PlacePicture {
            path: images.join(format!("{name}.jpg")),
            place: Place {
                easting: row.number(easting, "easting")?,
                northing: row.number(northing, "northing")?,
                heading: None,
            },
        });
    }
    Ok(panoramas)
}
