//! The images of a run: training, selection, test and out-of-distribution sets.

use std::sync::Arc;

use lam_data::{Adapted, Dataset, SearchPath, Split, Subset, find, held_out_split};

use crate::TrainError;
use crate::config::{Config, Selection};

/// Every set that a run reads.
#[derive(Clone)]
pub struct RunData {
    /// What is trained on.
    pub train: Arc<dyn Dataset>,
    /// What chooses the best checkpoint: a held-out part of the training set, or the test set.
    pub selection: Arc<dyn Dataset>,
    /// What results are reported on.
    pub test: Arc<dyn Dataset>,
    /// What should be uncertain, if the configuration names a partner.
    pub ood: Option<Arc<dyn Dataset>>,
}

impl RunData {
    /// Opens the sets of a configuration.
    ///
    /// # Errors
    /// Data that is not found or damaged, and a training set smaller than a batch.
    pub fn open(config: &Config, path: &SearchPath) -> Result<Self, TrainError> {
        let entry = find(&config.dataset.to_string())?;
        let whole = entry.open(path, Split::Train)?;
        let test = entry.open(path, Split::Test)?;
        let (train, selection): (Arc<dyn Dataset>, Arc<dyn Dataset>) = match config.selection {
            Selection::Test => (whole, Arc::clone(&test)),
            Selection::HeldOut => {
                let (kept, held_out) =
                    held_out_split(whole.labels(), config.held_out_fraction, config.seed)?;
                (
                    Arc::new(Subset::new(Arc::clone(&whole), kept)?),
                    Arc::new(Subset::new(whole, held_out)?),
                )
            }
        };
        if train.len() < config.batch_size {
            return Err(TrainError::BatchTooLarge {
                images: train.len(),
                batch_size: config.batch_size,
            });
        }
        Ok(Self {
            ood: Self::open_ood(config, path, &*train)?,
            train,
            selection,
            test,
        })
    }

    /// The partner's test images, in the shape that the network takes.
    fn open_ood(
        config: &Config,
        path: &SearchPath,
        train: &dyn Dataset,
    ) -> Result<Option<Arc<dyn Dataset>>, TrainError> {
        let Some(name) = config.ood_dataset else {
            return Ok(None);
        };
        let images = find(&name.to_string())?.open(path, Split::Test)?;
        Ok(Some(Adapted::to_match(images, train)?))
    }

    /// Shape of one image, `[C, H, W]`.
    pub fn image_shape(&self) -> [usize; 3] {
        let shape = self.train.shape();
        [shape.channels, shape.height, shape.width]
    }
}
