//! What the data sets of photographs have in common: a folder, listed and shown in one way.

use std::sync::Arc;

use crate::registry::{Opening, Photographs};
use crate::{
    DataError, Dataset, DatasetEntry, Listing, Photo, PhotoDataset, PhotoSource, PlaceDataset,
    PlacePictures, Storage, Views, locate_tree,
};

/// Width of photographs of places unless another is asked for.
const PLACE_WIDTH: usize = 224;

/// Opens one split of a data set of photographs: [`crate::registry::Open`] of their entries.
pub(crate) fn open_dataset(
    entry: &DatasetEntry,
    opening: &Opening,
) -> Result<Arc<dyn Dataset>, DataError> {
    match open(entry, opening)? {
        Some((photographs, _)) => Ok(Arc::new(photographs)),
        None => Err(DataError::NoSuchSplit {
            dataset: entry.name,
            split: opening.split,
        }),
    }
}

/// Opens one split and says what deserves a look; nothing if these are no photographs. Places have the classes
/// `queries` and `database`.
pub(crate) fn open(
    entry: &DatasetEntry,
    opening: &Opening,
) -> Result<Option<(PhotoDataset, Vec<String>)>, DataError> {
    let Storage::Trees(set) = &entry.storage else {
        return Ok(None);
    };
    let locate = || locate_tree(entry, set, opening.split, opening.search);
    let photographs = match set.photographs {
        Photographs::None => return Ok(None),
        Photographs::Labelled(list) => {
            let listing = list(&locate()?.folder, opening.split)?;
            let views = views_or(opening, || Views::retrieval(Views::DEFAULT_CROP));
            let notes = listing.notes();
            (labelled(entry.name, listing, views)?, notes)
        }
        Photographs::Places(list) => {
            let pictures = list(&locate()?.folder, opening.split)?;
            let notes = pictures.notes();
            (
                two_sides(entry.name, pictures, place_views(opening))?,
                notes,
            )
        }
    };
    Ok(Some(photographs))
}

/// Opens one split of a data set of places.
pub(crate) fn open_places(
    entry: &DatasetEntry,
    opening: &Opening,
) -> Result<PlaceDataset, DataError> {
    let (set, list) = match &entry.storage {
        Storage::Trees(set) => match set.photographs {
            Photographs::Places(list) => (set, list),
            _ => return Err(no_places(entry)),
        },
        _ => return Err(no_places(entry)),
    };
    let folder = locate_tree(entry, set, opening.split, opening.search)?.folder;
    let pictures = list(&folder, opening.split)?;
    PlaceDataset::new(entry.name, pictures, &place_views(opening))
}

fn no_places(entry: &DatasetEntry) -> DataError {
    DataError::NoPlaces {
        dataset: entry.name,
    }
}

fn place_views(opening: &Opening) -> Views {
    views_or(opening, || Views::places(PLACE_WIDTH))
}

fn views_or(opening: &Opening, default: impl Fn() -> Views) -> Views {
    opening.views.cloned().unwrap_or_else(default)
}

/// The photographs of a listing.
pub(crate) fn labelled(
    name: &str,
    listing: Listing,
    views: Views,
) -> Result<PhotoDataset, DataError> {
    let photos = listing.images.into_iter().map(|image| Photo {
        source: PhotoSource::file(image.path, image.region),
        label: image.label,
    });
    PhotoDataset::new(name, listing.class_names, photos.collect(), views)
}

/// Queries and database as two classes.
fn two_sides(name: &str, pictures: PlacePictures, views: Views) -> Result<PhotoDataset, DataError> {
    let sides = [pictures.queries, pictures.database];
    let photos = sides.into_iter().zip(0..).flat_map(|(side, label)| {
        side.into_iter().map(move |picture| Photo {
            source: PhotoSource::File(picture.path),
            label,
        })
    });
    let names = vec!["queries".to_owned(), "database".to_owned()];
    PhotoDataset::new(name, names, photos.collect(), views)
}
