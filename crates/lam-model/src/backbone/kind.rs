//! Any backbone.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::{
    ChannelDropout, ConvNet, ConvNetConfig, GivenFeatures, RetrievalNet, RetrievalNetConfig,
};
use crate::batch_norm::{BatchStatistics, Pass};
use crate::precision::Precision;

/// What a [`Backbone`] is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackboneConfig {
    /// A small network.
    Small(ConvNetConfig),
    /// A trunk with its pooling.
    Retrieval(RetrievalNetConfig),
    /// None: images are given as this many features.
    Given(usize),
}

/// `image -> features x`; both `f32`, whatever the precision between them.
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one of them, next to megabytes of weights"
)]
pub enum Backbone {
    /// A small network.
    Small(ConvNet),
    /// A trunk with its pooling.
    Retrieval(RetrievalNet),
    /// None: images are given as features.
    Given(GivenFeatures),
}

impl BackboneConfig {
    /// `F`: the number of features per image.
    pub fn features(&self) -> usize {
        match self {
            Self::Small(config) => config.features(),
            Self::Retrieval(config) => config.features(),
            Self::Given(features) => *features,
        }
    }

    /// Computing in this precision; features that are given are passed on as they are.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        match self {
            Self::Small(config) => Self::Small(config.with_precision(precision)),
            Self::Retrieval(config) => Self::Retrieval(RetrievalNetConfig {
                precision,
                ..config
            }),
            Self::Given(features) => Self::Given(features),
        }
    }

    /// A backbone with its initial weights.
    pub fn init(&self, rng: &mut ChaCha12Rng, device: &Device) -> Backbone {
        match self {
            Self::Small(config) => Backbone::Small(config.init(rng, device)),
            Self::Retrieval(config) => Backbone::Retrieval(config.init(rng, device)),
            Self::Given(features) => Backbone::Given(GivenFeatures::new(*features)),
        }
    }
}

impl Backbone {
    /// Features by the running statistics of its norms.
    ///
    /// # Shapes
    /// - `images`: `[B, C, H, W]`
    /// - output: `[B, F]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.pass(images, &mut Pass::Evaluation)
    }

    /// Features by the batch's own statistics, which come back for [`BatchStatistics::into_module`].
    ///
    /// # Shapes
    /// - `images`: `[B, C, H, W]`
    /// - output: `[B, F]`
    pub fn forward_train(&self, images: Tensor<4>) -> (Tensor<2>, BatchStatistics) {
        let mut statistics = BatchStatistics::default();
        let features = self.pass(images, &mut Pass::Training(&mut statistics));
        (features, statistics)
    }

    /// As [`Backbone::forward_train`] with dropout drawn for each image on its own: of the channels after every block of
    /// a small network, of the pooled features of a trunk (as in the released code).
    ///
    /// # Shapes
    /// - `images`: `[B, C, H, W]`
    /// - output: `[B, F]`
    pub fn forward_with_dropout(
        &self,
        images: Tensor<4>,
        dropout: ChannelDropout,
        rng: &mut ChaCha12Rng,
    ) -> (Tensor<2>, BatchStatistics) {
        let mut statistics = BatchStatistics::default();
        let features = match self {
            Self::Small(net) => net.forward_with_dropout(images, dropout, rng),
            Self::Retrieval(net) => {
                let mut pass = Pass::Training(&mut statistics);
                net.forward_with_dropout(images, &mut pass, dropout, rng)
            }
            Self::Given(given) => dropout.features(given.forward(images), rng),
        };
        (features, statistics)
    }

    fn pass(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        match self {
            Self::Small(net) => net.forward(images),
            Self::Retrieval(net) => net.forward(images, pass),
            Self::Given(given) => given.forward(images),
        }
    }
}
