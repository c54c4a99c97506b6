//! The networks of image retrieval: a trunk, then a pooling.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::{ChannelDropout, Trunk, TrunkConfig};
use crate::batch_norm::Pass;
use crate::pooling::{Pooling, PoolingConfig};
use crate::precision::{Precision, in_full};

/// What a [`RetrievalNet`] is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrievalNetConfig {
    /// Images to feature maps.
    pub trunk: TrunkConfig,
    /// Feature maps to features.
    pub pool: PoolingConfig,
    /// Of the trunk's computation.
    pub precision: Precision,
}

/// `image -> trunk -> pool -> features x`.
#[derive(Module, Debug)]
pub struct RetrievalNet {
    /// Images to feature maps.
    pub trunk: Trunk,
    /// Feature maps to features.
    pub pool: Pooling,
    features: usize,
    #[module(skip)]
    precision: Precision,
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
            precision: self.precision,
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
        let map = self.trunk.forward(self.precision.enter(images), pass);
        // Powers and norms need the precision, and a map is small.
        self.pool.forward(in_full(map))
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
