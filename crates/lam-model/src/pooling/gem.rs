//! Generalised-mean pooling with one exponent (Radenović et al., TPAMI 2019).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::power_mean::{INITIAL_EXPONENT, power_mean};

/// The generalised mean of each channel, its exponent learnt.
#[derive(Module, Debug)]
pub struct Gem {
    /// `p`, `[1]`.
    pub exponent: Param<Tensor<1>>,
}

impl Gem {
    /// With exponent 3.
    pub fn init(device: &Device) -> Self {
        Self {
            exponent: Param::from_tensor(Tensor::full([1], INITIAL_EXPONENT, device)),
        }
    }

    /// # Shapes
    /// - `map`: `[B, C, H, W]`
    /// - output: `[B, C]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        power_mean(map, self.exponent.val())
    }
}
