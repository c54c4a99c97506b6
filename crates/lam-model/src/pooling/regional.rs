//! Any pooling, region by region (Radenović et al., TPAMI 2019, section 3.3).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::{GlobalPooling, l2_normalised, regions};
use crate::head::LinearHead;

/// The whole map and regions of it, each pooled, normalised, whitened by a linear layer and normalised again; their sum,
/// normalised.
#[derive(Module, Debug)]
pub struct Regional {
    /// Of each region.
    pub pool: GlobalPooling,
    /// Of each region, `C → C`.
    pub whiten: LinearHead,
}

impl Regional {
    /// With PyTorch's initial weights of the whitening, for `channels` (C).
    pub fn init(
        pool: GlobalPooling,
        channels: usize,
        rng: &mut ChaCha12Rng,
        device: &Device,
    ) -> Self {
        Self {
            pool,
            whiten: LinearHead::init(channels, channels, rng, device),
        }
    }

    /// # Shapes
    /// - `map`: `[B, C, H, W]`
    /// - output: `[B, C]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        let [batch, channels, height, width] = map.dims();
        let mut pooled = vec![self.pool.forward(map.clone())];
        pooled.extend(
            regions(height, width)
                .into_iter()
                .map(|region| self.pool.forward(region.of(map.clone()))),
        );
        let count = pooled.len();
        let pooled: Tensor<3> = Tensor::stack(pooled, 1);
        let pooled = l2_normalised(pooled.reshape([batch * count, channels]), 1);
        let whitened = l2_normalised(self.whiten.forward(pooled), 1);
        let sum = whitened.reshape([batch, count, channels]).sum_dim(1);
        l2_normalised(sum.squeeze_dim(1), 1)
    }
}
