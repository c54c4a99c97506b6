//! Embeds the pictures of a collection, batch by batch.

use std::ops::Range;
use std::sync::Arc;

use lam_data::{Collection, Dataset, Loader, Subset};
use lam_retrieve::Embeddings;

use crate::{RunEncoder, TrainError};

/// Images embedded at once.
const BATCH: usize = 128;

/// Embeds the images at `positions` of a collection, in order. `each` is given the positions of a batch and their
/// embeddings; it ends the work by returning an error. Images that cannot be read are left out; the collection's images
/// know which these were.
///
/// # Errors
/// Those of `each` and of reading: where more than 1 % of the images cannot be read, that is an error.
pub fn embed_collection<E: From<TrainError>>(
    encoder: &RunEncoder,
    collection: &Collection,
    positions: Range<usize>,
    mut each: impl FnMut(&[usize], Embeddings) -> Result<(), E>,
) -> Result<(), E> {
    if positions.is_empty() {
        return Ok(());
    }
    let start = positions.start;
    let images = Subset::new(Arc::clone(collection.images()), positions.collect());
    let images: Arc<dyn Dataset> = Arc::new(images.map_err(TrainError::from)?);
    let loader = Loader::builder(images).batch_size(BATCH);
    let mut loader = loader.build().map_err(TrainError::from)?;
    while let Some(batch) = loader.next() {
        let mut batch = batch.map_err(TrainError::from)?;
        let at: Vec<usize> = batch.indices.iter().map(|&index| start + index).collect();
        if !at.is_empty() {
            let embeddings = encoder.embed_values(std::mem::take(&mut batch.images))?;
            each(&at, embeddings)?;
        }
        loader.recycle(batch);
    }
    Ok(())
}
