//! The networks of image retrieval: a trunk, then a pooling.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::{ChannelDropout, Trunk, TrunkConfig};
use crate::batch_norm::Pass;
use crate::pooling::{Pooling, PoolingConfig};

/// What a [`RetrievalNet`] is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrievalNetConfig {
    /// Images to feature maps.
    pub trunk: TrunkConfig,
    /// Feature maps to features.
    pub pool: PoolingConfig,
}

/// `image -> trunk -> pool -> features x`.
#[derive(Module, Debug)]
pub struct RetrievalNet {
    /// Images to feature maps.
    pub trunk: Trunk,
    /// Feature maps to features.
    pub pool: Pooling,
    features: usize,
}

impl RetrievalNetConfig {
    /// `F`: the trunk's channels.
    pub fn features(&self) -> usize {
        self.trunk.channels()
    }

    /// A network with torchvision's initialisation.
    pub fn init(&self, rng: &mut ChaCha12Rng, device: &Device) -> RetrievalNet {
        RetrievalNet {
            trunk: self.trunk.init(rng, device),
            pool: self.pool.init(self.features(), rng, device),
            features: self.features(),
        }
    }
}

impl RetrievalNet {
    /// `F`: the number of features per image.
    pub fn features(&self) -> usize {
        self.features
    }

    /// # Shapes
    /// - `images`: `[B, 3, H, W]`
    /// - output: `[B, F]`
    pub fn forward(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        self.pool.forward(self.trunk.forward(images, pass))
    }

    /// As [`RetrievalNet::forward`], features left out of each image on its own.
    pub(super) fn forward_with_dropout(
        &self,
        images: Tensor<4>,
        pass: &mut Pass,
        dropout: ChannelDropout,
        rng: &mut ChaCha12Rng,
    ) -> Tensor<2> {
        dropout.features(self.forward(images, pass), rng)
    }
}
