//! Training images that stay on the device.

use burn::tensor::{Device, Int, Tensor, TensorData};
use lam_data::Loader;
use lam_model::is_host;

use super::Items;
use crate::TrainError;

/// The largest set that is kept there, in bytes: FashionMNIST and CIFAR-10 as `f32` are .2 and .6 GiB.
const LARGEST: usize = 1 << 30;
/// Images brought there at once.
const CHUNK: usize = 4096;

/// All images of a data set on a device, `[N, C, H, W]`, normalised. They cross once; a step sends numbers of images.
#[derive(Debug, Clone)]
pub struct ResidentImages(Tensor<4>);

impl ResidentImages {
    /// Brings the images to a device. `None` for those that lie in the host's memory anyway, for a set that is too large,
    /// and where an epoch shows other images than the last: pairs, and photographs, which are cropped anew.
    ///
    /// # Errors
    /// What reading the images can run into.
    pub fn load(items: &Items, device: &Device) -> Result<Option<Self>, TrainError> {
        let Items::Images(dataset) = items else {
            return Ok(None);
        };
        let shape = dataset.shape();
        let bytes = dataset.len() * shape.numel() * size_of::<f32>();
        if is_host(device) || bytes > LARGEST || dataset.unreadable().is_some() {
            return Ok(None);
        }
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
