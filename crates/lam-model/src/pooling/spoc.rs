//! Sum-pooled convolutional features, as a mean (Babenko and Lempitsky, ICCV 2015).

use burn::module::Module;
use burn::tensor::Tensor;

use super::places;

/// The mean of each channel.
#[derive(Module, Debug, Default)]
pub struct Spoc {}

impl Spoc {
    /// # Shapes
    /// - `map`: `[B, C, H, W]`
    /// - output: `[B, C]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        places(map).mean_dim(2).squeeze_dim(2)
    }
}
