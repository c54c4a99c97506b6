use std::path::PathBuf;

/// Pictures of one split of a data set of places.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlacePictures {
    /// Pictures that are looked up.
    pub queries: Vec<PlacePicture>,
    /// Pictures among which they are looked up.
    pub database: Vec<PlacePicture>,
    /// Parts of the data set that are not there, for people.
    pub missing: Vec<String>,
    /// Number of pictures passed over, panoramas.
    pub panoramas: usize,
}

/// A picture, and where it was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacePicture {
    /// The file.
    pub path: PathBuf,
    /// Where it was taken.
    pub place: Place,
}

/// Position of a camera on a plane map, and where it looked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Metres to the east.
    pub easting: f64,
    /// Metres to the north.
    pub northing: f64,
    /// Direction of view in degrees.
    pub heading: Option<f64>,
}
