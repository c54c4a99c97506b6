use crate::places::Place;
use crate::{DataError, Photo, PhotoDataset, PhotoSource, PlacePicture, PlacePictures, Views};

/// Photographs of places: queries, and the database among which they are looked up.
///
/// The photographs have no classes; both sets have the single class `place`.
#[derive(Debug)]
pub struct PlaceDataset {
    /// Photographs that are looked up.
    pub queries: PhotoDataset,
    /// Where each query was taken, `[Q]`.
    pub query_places: Vec<Place>,
    /// Photographs among which they are looked up.
    pub database: PhotoDataset,
    /// Where each photograph of the database was taken, `[N]`.
    pub database_places: Vec<Place>,
}

impl PlaceDataset {
    /// No photograph is opened yet.
    ///
    /// # Errors
    /// Those of [`PhotoDataset::new`].
    pub fn new(name: &str, pictures: PlacePictures, views: &Views) -> Result<Self, DataError> {
        let side = |pictures: Vec<PlacePicture>| -> Result<_, DataError> {
            let places = pictures.iter().map(|picture| picture.place).collect();
            let photos = pictures.into_iter().map(|picture| Photo {
                source: PhotoSource::File(picture.path),
                label: 0,
            });
            let classes = vec!["place".to_owned()];
            let photos = PhotoDataset::new(name, classes, photos.collect(), views.clone())?;
            Ok((photos, places))
        };
        let (queries, query_places) = side(pictures.queries)?;
        let (database, database_places) = side(pictures.database)?;
        Ok(Self {
            queries,
            query_places,
            database,
            database_places,
        })
    }
}
