//! Images that stay on the device.

use std::cell::RefCell;
use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use lam_data::{Dataset, Loader};
use lam_model::is_host;

use crate::TrainError;

/// What all sets that are kept on a device may take, in bytes: FashionMNIST and CIFAR-10 as `f32` are .2 and .7 GiB.
const LARGEST: usize = 1 << 30;
/// Images brought there at once.
const CHUNK: usize = 4096;

/// The device of a run and the data sets that were brought there, each of them once.
pub struct ImageDevice {
    device: Device,
    sets: RefCell<Vec<Kept>>,
}

/// A data set that was asked for; without images where it does not stay.
struct Kept {
    dataset: Arc<dyn Dataset>,
    images: Option<ResidentImages>,
}

impl ImageDevice {
    /// With nothing on it yet.
    pub fn new(device: Device) -> Self {
        Self {
            device,
            sets: RefCell::default(),
        }
    }

    /// Where tensors live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The images of a data set there; brought there when first asked for. `None` for those that lie in the host's memory
    /// anyway, where no room is left for them, and for photographs, which are cropped anew in every epoch.
    ///
    /// # Errors
    /// What reading the images can run into.
    pub fn resident(
        &self,
        dataset: &Arc<dyn Dataset>,
    ) -> Result<Option<ResidentImages>, TrainError> {
        let mut sets = self.sets.borrow_mut();
        if let Some(kept) = sets.iter().find(|kept| Arc::ptr_eq(&kept.dataset, dataset)) {
            return Ok(kept.images.clone());
        }
        let taken: usize = sets
            .iter()
            .filter(|kept| kept.images.is_some())
            .map(|kept| bytes(&*kept.dataset))
            .sum();
        let fits = bytes(&**dataset) <= LARGEST.saturating_sub(taken);
        let stays = !is_host(&self.device) && fits && dataset.unreadable().is_none();
        let images = if stays {
            ResidentImages::load(dataset, &self.device)?
        } else {
            None
        };
        sets.push(Kept {
            dataset: dataset.clone(),
            images: images.clone(),
        });
        Ok(images)
    }
}

fn bytes(dataset: &dyn Dataset) -> usize {
    dataset
        .len()
        .saturating_mul(dataset.shape().numel() * size_of::<f32>())
}

/// All images of a data set on a device, `[N, C, H, W]`, normalised. They cross once; a batch sends numbers of images.
#[derive(Debug, Clone)]
pub struct ResidentImages(Tensor<4>);

impl ResidentImages {
    /// `None` for no images.
    fn load(dataset: &Arc<dyn Dataset>, device: &Device) -> Result<Option<Self>, TrainError> {
        let shape = dataset.shape();
        let mut loader = Loader::builder(dataset.clone()).batch_size(CHUNK).build()?;
        let mut chunks = Vec::new();
        while let Some(batch) = loader.next() {
            let mut batch = batch?;
            let dims = [batch.len(), shape.channels, shape.height, shape.width];
            let data = TensorData::new(std::mem::take(&mut batch.images), dims);
            chunks.push(Tensor::<4>::from_data(data, device));
            loader.recycle(batch);
        }
        Ok((!chunks.is_empty()).then(|| Self(Tensor::cat(chunks, 0))))
    }

    /// The images with these numbers, `[B, C, H, W]`.
    pub fn select(&self, indices: &[usize]) -> Tensor<4> {
        // A data set of so many images would not have been brought here.
        let numbers: Vec<i32> = indices.iter().map(|&index| index as i32).collect();
        let data = TensorData::new(numbers, [indices.len()]);
        let indices = Tensor::<1, Int>::from_data(data, &self.0.device());
        self.0.clone().select(0, indices)
    }
}
