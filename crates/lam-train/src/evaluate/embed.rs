//! Embeddings of a whole data set on the host.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use lam_data::{Batch, Dataset, Loader};
use lam_metrics::{Calibration, NeighbourVotes, Votes};
use lam_model::is_host;
use lam_retrieve::added_up;
use lam_search::Ranking;

use crate::TrainError;
use crate::data::ImageDevice;
use crate::method::{Predict, host_values};
use crate::observer::Observer;

/// Images embedded at once in the host's memory, where a batch should stay in a cache.
const HOST_BATCH: usize = 128;
/// Numbers of the images embedded at once elsewhere: at most 256 images, 32 photographs of 224². What a network's first layer
/// makes of them then fits into 128 MiB, the largest buffer of some drivers.
const DEVICE_NUMBERS: usize = 1 << 22;

/// What a predictor says of a data set of `N` images.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedSet {
    /// Size `D` of an embedding.
    pub dim: usize,
    /// `[N, D]`, unit rows.
    pub mean: Vec<f32>,
    /// Standard deviation per dimension, `[N, D]`; none where the method has no uncertainty.
    pub deviation: Option<Vec<f32>>,
    /// Embeddings under each of `S` weight samples, `[N, D]` each; empty where the method does not sample.
    pub samples: Vec<Vec<f32>>,
    /// Length of the features that enter the head, `[N]`.
    pub feature_norm: Vec<f32>,
    /// Standard deviation per dimension under a posterior without curvature, `[N, D]`; see
    /// [`Embedded`](crate::method::Embedded).
    pub isotropic: Option<Vec<f32>>,
    /// Standard deviation of the output before the normalisation, added up, `[N]`.
    pub output_spread: Option<Vec<f32>>,
    /// One number per image, `[N]`, where it is not `deviation` added up; see [`Embedded`](crate::method::Embedded).
    pub uncertainty: Option<Vec<f32>>,
    /// `[N]`.
    pub labels: Vec<u32>,
}

impl EmbeddedSet {
    /// One number per image: what the method takes for it, else the deviations of its dimensions added up (method, "OOD
    /// score"); none where the method has no uncertainty.
    pub fn scores(&self) -> Option<Vec<f64>> {
        if let Some(given) = self.given_scores() {
            return Some(given);
        }
        Some(added_up(self.deviation.as_ref()?, self.dim))
    }

    /// One number per image, where the method takes another than the deviations added up.
    pub(super) fn given_scores(&self) -> Option<Vec<f64>> {
        let given = self.uncertainty.as_ref()?.iter();
        Some(given.copied().map(f64::from).collect())
    }

    /// What the images' own spread adds to the squared distance to them `[N]`: nothing by distance, or without a spread.
    pub(super) fn ranking_terms(&self, ranking: Ranking) -> Option<Vec<f64>> {
        ranking.terms(self.deviation.as_deref()?, self.dim)
    }

    /// The weight samples' votes on each image's nearest neighbour; none where the method does not sample.
    ///
    /// # Errors
    /// Embeddings that are not finite; fewer than two images.
    pub fn votes(&self) -> Result<Option<Votes>, TrainError> {
        if self.samples.is_empty() {
            return Ok(None);
        }
        let mut votes = NeighbourVotes::new(&self.labels, self.dim)?;
        for sample in &self.samples {
            votes.add_sample(sample)?;
        }
        Ok(Some(votes.finish()?))
    }

    /// How well the votes' confidence says that they are right; none where the method does not sample.
    ///
    /// # Errors
    /// As [`votes`](Self::votes).
    pub fn vote_calibration(&self) -> Result<Option<Calibration>, TrainError> {
        let votes = self.votes()?;
        Ok(votes
            .map(|votes| votes.calibration(&self.labels))
            .transpose()?)
    }
}

/// Embeds every image of `dataset`, in order.
///
/// # Errors
/// What reading the images can run into.
pub fn embed(
    predictor: &dyn Predict,
    dataset: &Arc<dyn Dataset>,
    images: &ImageDevice,
    observer: &mut dyn Observer,
) -> Result<EmbeddedSet, TrainError> {
    let mut set = EmbeddedSet::default();
    let (device, resident) = (images.device(), images.resident(dataset)?);
    let loader = Loader::builder(Arc::clone(dataset));
    let loader = match &resident {
        Some(_) => loader.without_images(),
        None => loader,
    };
    let mut loader = loader
        .batch_size(batch_size(dataset.shape().numel(), device))
        .build()?;
    while let Some(batch) = loader.next() {
        let mut batch = batch?;
        let embedded = predictor.embed(match &resident {
            Some(resident) => resident.select(&batch.indices),
            None => to_device(&mut batch, device),
        });
        set.dim = embedded.mean.dims()[1];
        set.mean.extend(host_values(embedded.mean)?);
        append(&mut set.deviation, embedded.deviation)?;
        append(&mut set.isotropic, embedded.isotropic)?;
        append(&mut set.output_spread, embedded.output_spread)?;
        append(&mut set.uncertainty, embedded.uncertainty)?;
        if let Some(samples) = embedded.samples {
            append_samples(&mut set.samples, samples)?;
        }
        set.feature_norm.extend(host_values(embedded.feature_norm)?);
        set.labels.extend_from_slice(&batch.labels);
        observer.images_embedded(batch.len());
        loader.recycle(batch);
    }
    Ok(set)
}

/// The images of a batch, `[B, C, H, W]`.
fn to_device(batch: &mut Batch, device: &Device) -> Tensor<4> {
    let shape = batch.shape;
    let dims = [batch.len(), shape.channels, shape.height, shape.width];
    let images = std::mem::take(&mut batch.images);
    Tensor::from_data(TensorData::new(images, dims), device)
}

/// Images embedded at once. What is computed of an image does not depend on it.
fn batch_size(image: usize, device: &Device) -> usize {
    if is_host(device) {
        HOST_BATCH
    } else {
        (DEVICE_NUMBERS / image.max(1)).clamp(32, 256)
    }
}

/// Adds a batch's rows, where there are any.
fn append<const R: usize>(
    rows: &mut Option<Vec<f32>>,
    batch: Option<Tensor<R>>,
) -> Result<(), TrainError> {
    if let Some(batch) = batch {
        rows.get_or_insert_default().extend(host_values(batch)?);
    }
    Ok(())
}

/// Spreads `[B, S, D]` over one list per sample, so that each sample's embeddings lie together.
fn append_samples(lists: &mut Vec<Vec<f32>>, samples: Tensor<3>) -> Result<(), TrainError> {
    let [_, count, dim] = samples.dims();
    lists.resize_with(count, Vec::new);
    let values = host_values(samples)?;
    for image in values.chunks_exact(count * dim) {
        for (list, row) in lists.iter_mut().zip(image.chunks_exact(dim)) {
            list.extend_from_slice(row);
        }
    }
    Ok(())
}
