//! Maximum activations of convolutions (Tolias et al., ICLR 2016).

use burn::module::Module;
use burn::tensor::Tensor;

use super::places;

/// The maximum of each channel.
#[derive(Module, Debug, Default)]
pub struct Mac {}

impl Mac {
    /// # Shapes
    /// - `map`: `[B, C, H, W]`
    /// - output: `[B, C]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        places(map).max_dim(2).squeeze_dim(2)
    }
}
