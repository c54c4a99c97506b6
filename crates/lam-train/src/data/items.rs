//! What a training step is made of: images drawn one by one, or pairs of them.

use std::borrow::Cow;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use lam_data::places::Place;
use lam_data::{Batch, Dataset, Pairs};
use lam_model::miner::{PairRelation, PlaceRelation};

use super::place_rule::PairPlaces;
use crate::TrainError;
use crate::config::Config;
use crate::method::Targets;

/// Makes a set of features of a set of images.
pub(crate) type Extract<'a> =
    &'a mut dyn FnMut(&Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>, TrainError>;

/// What is trained on.
#[derive(Clone)]
pub enum Items {
    /// Single images.
    Images(Arc<dyn Dataset>),
    /// Queries, each with a reference: a batch of B has 2 · B images, the queries first.
    Pairs(PairItems),
}

/// Pairs, and where they were taken if they are places.
#[derive(Clone)]
pub struct PairItems {
    pub(super) pairs: Arc<Pairs>,
    pub(super) places: Option<Arc<PairPlaces>>,
}

impl Items {
    /// The data set that a batch is drawn from.
    pub fn dataset(&self) -> Arc<dyn Dataset> {
        match self {
            Self::Images(images) => Arc::clone(images),
            Self::Pairs(items) => Arc::clone(&items.pairs) as Arc<dyn Dataset>,
        }
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.dataset().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Shape of one image, `[C, H, W]`.
    pub fn image_shape(&self) -> [usize; 3] {
        let shape = self.dataset().shape();
        let channels = match self {
            Self::Images(_) => shape.channels,
            Self::Pairs(_) => shape.channels / 2,
        };
        [channels, shape.height, shape.width]
    }

    pub(super) fn as_features(&self, features: Extract<'_>) -> Result<Self, TrainError> {
        Ok(match self {
            Self::Images(images) => Self::Images(features(images)?),
            Self::Pairs(items) => Self::Pairs(PairItems {
                pairs: Arc::new(items.pairs.try_map(features)?),
                places: items.places.clone(),
            }),
        })
    }

    /// The images of a batch that was drawn in the epoch `occasion`, (seed, epoch).
    ///
    /// # Errors
    /// Places that cannot be compared.
    pub fn step_images<'a>(
        &self,
        batch: &'a Batch,
        occasion: (u64, u64),
        config: &Config,
    ) -> Result<StepImages<'a>, TrainError> {
        let Self::Pairs(items) = self else {
            return Ok(StepImages {
                images: Cow::Borrowed(&batch.images),
                told_apart_by: ToldApartBy::Labels(Cow::Borrowed(&batch.labels)),
            });
        };
        Ok(StepImages {
            images: Cow::Owned(queries_first(batch)),
            told_apart_by: items.told_apart_by(batch, occasion, config)?,
        })
    }
}

impl PairItems {
    fn told_apart_by(
        &self,
        batch: &Batch,
        occasion: (u64, u64),
        config: &Config,
    ) -> Result<ToldApartBy<'static>, TrainError> {
        let Some(places) = &self.places else {
            return Ok(ToldApartBy::Labels(Cow::Owned(batch.labels.repeat(2))));
        };
        let mut members = Vec::with_capacity(batch.len());
        for &index in &batch.indices {
            members.push(self.pairs.members(index, occasion)?);
        }
        let queries = members.iter().map(|&(query, _)| places.queries[query]);
        let references = members
            .iter()
            .map(|&(_, reference)| places.references[reference]);
        let all: Vec<Place> = queries.chain(references).collect();
        Ok(ToldApartBy::Places {
            relation: places.rule.relation(&all, config)?,
            split: config.split_query_database,
        })
    }
}

/// `[B, 2, …]` as `[2 · B, …]`: the first image of every pair, then the second of every pair.
fn queries_first(batch: &Batch) -> Vec<f32> {
    let image = batch.shape.numel() / 2;
    let halves = |skipped| {
        batch
            .images
            .chunks_exact(image.max(1))
            .skip(skipped)
            .step_by(2)
    };
    halves(0).chain(halves(1)).flatten().copied().collect()
}

/// The images of one step and what tells them apart.
pub struct StepImages<'a> {
    /// `[B, C, H, W]`.
    pub images: Cow<'a, [f32]>,
    told_apart_by: ToldApartBy<'a>,
}

enum ToldApartBy<'a> {
    Labels(Cow<'a, [u32]>),
    Places {
        relation: PlaceRelation,
        split: bool,
    },
}

impl StepImages<'_> {
    /// The images, of this shape `[C, H, W]`, as a tensor `[B, C, H, W]`.
    pub fn to_device(&self, shape: [usize; 3], device: &Device) -> Tensor<4> {
        let [channels, height, width] = shape;
        let batch = self.targets().batch();
        let data = TensorData::new(self.images.to_vec(), [batch, channels, height, width]);
        Tensor::from_data(data, device)
    }

    /// Labels or places of the images.
    pub fn targets(&self) -> Targets<'_> {
        match &self.told_apart_by {
            ToldApartBy::Labels(labels) => Targets::Labels(labels),
            ToldApartBy::Places { relation, split } => Targets::Places {
                places: relation,
                split: *split,
            },
        }
    }
}
