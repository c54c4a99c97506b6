//! Backbone and head.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use crate::backbone::{
    Backbone, BackboneConfig, ChannelDropout, ConvNetConfig, DropoutSamples, MIN_SIDE,
    RetrievalNetConfig, TrunkConfig,
};
use crate::batch_norm::BatchStatistics;
use crate::head::{Activation, Head, HeadConfig, RandomFeaturesConfig};
use crate::pooling::PoolingConfig;
use crate::{ModelError, Precision};

/// What an [`Encoder`] is built from.
#[derive(Debug, Clone)]
pub struct EncoderConfig {
    backbone: BackboneConfig,
    head: HeadConfig,
}

impl EncoderConfig {
    /// The encoder of architecture `arch` for images `[channels, height, width]`, with embeddings of size `latent_dim`, or
    /// as many as there are features. A trunk is followed by generalised-mean pooling.
    ///
    /// The head of a trunk is what the image retrieval literature calls whitening: a linear layer after the pooling, with
    /// or without a reduction.
    ///
    /// # Errors
    /// [`ModelError::NoBackbone`] where no architecture of that name takes such images.
    pub fn new(
        arch: &str,
        image: [usize; 3],
        latent_dim: impl Into<Option<usize>>,
    ) -> Result<Self, ModelError> {
        let backbone = Self::backbone(arch, image)?;
        let latent_dim = latent_dim.into().unwrap_or_else(|| backbone.features());
        Ok(Self {
            head: HeadConfig::linear(latent_dim),
            backbone,
        })
    }

    /// The encoder of images that are given as `features` numbers each, `[F, 1, 1]`: a head alone.
    pub fn of_features(features: usize, latent_dim: impl Into<Option<usize>>) -> Self {
        Self {
            head: HeadConfig::linear(latent_dim.into().unwrap_or(features)),
            backbone: BackboneConfig::Given(features),
        }
    }

    fn backbone(
        arch: &str,
        [channels, height, width]: [usize; 3],
    ) -> Result<BackboneConfig, ModelError> {
        let backbone = if arch == "linear" {
            ConvNetConfig::for_images(channels, height, width).map(BackboneConfig::Small)
        } else {
            let fits = channels == 3 && height.min(width) >= MIN_SIDE;
            TrunkConfig::by_name(arch).filter(|_| fits).map(|trunk| {
                BackboneConfig::Retrieval(RetrievalNetConfig {
                    trunk,
                    pool: PoolingConfig::default(),
                    precision: Precision::default(),
                })
            })
        };
        backbone.ok_or_else(|| ModelError::NoBackbone {
            arch: arch.to_owned(),
            channels,
            height,
            width,
        })
    }

    /// With this pooling after a trunk; a small network has none.
    #[must_use]
    pub fn with_pooling(mut self, pool: PoolingConfig) -> Self {
        if let BackboneConfig::Retrieval(config) = &mut self.backbone {
            config.pool = pool;
        }
        self
    }

    /// With a backbone that computes in this precision; the head is `f32`.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.backbone = self.backbone.with_precision(precision);
        self
    }

    /// With hidden layers of these sizes in the head, and `activation` after each.
    #[must_use]
    pub fn with_hidden(mut self, sizes: Vec<usize>, activation: Activation) -> Self {
        self.head.hidden = sizes;
        self.head.activation = activation;
        self
    }

    /// With a fixed map to random features between the backbone and the head's layers.
    #[must_use]
    pub fn with_random_features(mut self, map: RandomFeaturesConfig) -> Self {
        self.head.random_features = Some(map);
        self
    }

    /// `F`: features that enter the head's layers, those of its map if it has one.
    pub fn features(&self) -> usize {
        self.head.inputs(self.backbone.features())
    }

    /// `D`: size of an embedding.
    pub fn latent_dim(&self) -> usize {
        self.head.latent_dim
    }

    /// An encoder with PyTorch's default initialisation, drawn from `rng`.
    pub fn init(&self, rng: &mut ChaCha12Rng, device: &Device) -> Encoder {
        crate::state::number_parameters(Encoder {
            backbone: self.backbone.init(rng, device),
            head: self.head.init(self.backbone.features(), rng, device),
        })
    }
}

/// `image -> backbone -> features x -> head z` (method, section "Encoder").
#[derive(Module, Debug)]
pub struct Encoder {
    /// Images to features.
    pub backbone: Backbone,
    /// Features to embeddings.
    pub head: Head,
}

impl Encoder {
    /// Features as they enter the head's layers, by the running statistics of the norms.
    ///
    /// # Shapes
    /// - `images`: `[B, C, H, W]`
    /// - output: `[B, F]`
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        self.head.features(self.backbone.forward(images))
    }

    /// As [`features`](Self::features) by the batch's own statistics, which come back for [`BatchStatistics::into_module`].
    pub fn features_train(&self, images: Tensor<4>) -> (Tensor<2>, BatchStatistics) {
        let (features, statistics) = self.backbone.forward_train(images);
        (self.head.features(features), statistics)
    }

    /// As [`features_train`](Self::features_train), with dropout as [`Backbone::forward_with_dropout`] draws it.
    pub fn features_with_dropout(
        &self,
        images: Tensor<4>,
        dropout: ChannelDropout,
        rng: &mut ChaCha12Rng,
    ) -> (Tensor<2>, BatchStatistics) {
        let (features, statistics) = self.backbone.forward_with_dropout(images, dropout, rng);
        (self.head.features(features), statistics)
    }

    /// `count` encoders with channels left out at random, the same ones of every image.
    pub fn dropout_samples(
        self,
        dropout: ChannelDropout,
        count: usize,
        rng: &mut ChaCha12Rng,
    ) -> DropoutSamples {
        DropoutSamples::draw(self, dropout, count, rng)
    }
}
