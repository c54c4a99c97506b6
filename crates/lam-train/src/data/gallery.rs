//! Images among which queries are looked up, where these are not the queries themselves.

use std::sync::Arc;

use lam_data::Dataset;
use lam_data::places::Positives;

/// A gallery apart from the queries.
#[derive(Clone)]
pub struct Gallery {
    /// Its images.
    pub images: Arc<dyn Dataset>,
    /// For each query the images of the gallery that show the same.
    pub positives: Arc<Positives>,
    /// For each query the image of the gallery that is the query itself, where there is one.
    pub itself: Option<Vec<Option<u32>>>,
}
