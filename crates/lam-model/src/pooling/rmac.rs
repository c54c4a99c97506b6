//! Regional maximum activations of convolutions (Tolias et al., ICLR 2016).

use burn::module::Module;
use burn::tensor::Tensor;

use super::{l2_normalised, places, regions};

/// The sum of the normalised maxima over the whole map and over regions of it.
#[derive(Module, Debug, Default)]
pub struct Rmac {}

impl Rmac {
    /// # Shapes
    /// - `map`: `[B, C, H, W]`
    /// - output: `[B, C]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        let [.., height, width] = map.dims();
        let maxima = |map: Tensor<4>| -> Tensor<2> {
            l2_normalised(places(map).max_dim(2).squeeze_dim(2), 1)
        };
        regions(height, width)
            .into_iter()
            .fold(maxima(map.clone()), |sum, region| {
                sum + maxima(region.of(map.clone()))
            })
    }
}
