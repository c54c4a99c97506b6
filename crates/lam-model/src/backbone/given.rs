//! Features that were computed before.

use burn::module::Module;
use burn::tensor::Tensor;

/// Stands in for a backbone whose features are at hand: it passes them on.
#[derive(Module, Debug)]
pub struct GivenFeatures {
    features: usize,
}

impl GivenFeatures {
    /// For `features` (F) numbers per image.
    pub fn new(features: usize) -> Self {
        Self { features }
    }

    /// `F`: the number of features per image.
    pub fn features(&self) -> usize {
        self.features
    }

    /// # Shapes
    /// - `images`: `[B, F, 1, 1]`
    /// - output: `[B, F]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let [batch, ..] = images.dims();
        images.reshape([batch, self.features])
    }
}
