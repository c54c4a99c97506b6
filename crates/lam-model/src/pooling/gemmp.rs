//! Generalised-mean pooling with an exponent for every channel (Radenović et al., TPAMI 2019).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::power_mean::{INITIAL_EXPONENT, power_mean};

/// The generalised mean of each channel, an exponent learnt for each.
#[derive(Module, Debug)]
pub struct Gemmp {
    /// `p`, `[C]`.
    pub exponent: Param<Tensor<1>>,
}

impl Gemmp {
    /// For `channels` (C), with exponents 3.
    pub fn init(channels: usize, device: &Device) -> Self {
        Self {
            exponent: Param::from_tensor(Tensor::full([channels], INITIAL_EXPONENT, device)),
        }
    }

    /// # Shapes
    /// - `map`: `[B, C, H, W]`
    /// - output: `[B, C]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        power_mean(map, self.exponent.val())
    }
}
