//! Channel dropout: whole channels of a feature map are left out at random.

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use crate::cpu::Place;
use crate::precision::through_full;
use crate::{ModelError, is_host};

/// Leaves each channel out with probability `rate`, and multiplies those that stay by `1/(1 − rate)` so that the
/// expectation is the map itself (method, section "Encoder": dropout variants).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelDropout {
    rate: f64,
}

impl ChannelDropout {
    /// Dropout of a share `rate` of the channels, `0 ≤ rate < 1`.
    ///
    /// # Errors
    /// [`ModelError::DropoutRate`] for any other rate.
    pub fn new(rate: f64) -> Result<Self, ModelError> {
        if (0.0..1.0).contains(&rate) {
            Ok(Self { rate })
        } else {
            Err(ModelError::DropoutRate(rate))
        }
    }

    /// `count` independent factors: 0, or `1/(1 − rate)`.
    pub fn factors(self, count: usize, rng: &mut ChaCha12Rng) -> Vec<f32> {
        let kept = (1.0 / (1.0 - self.rate)) as f32;
        (0..count)
            .map(|_| {
                if rng.random::<f64>() < self.rate {
                    0.0
                } else {
                    kept
                }
            })
            .collect()
    }

    /// Features `[B, F]`, some left out of each image on its own.
    pub(super) fn features(self, features: Tensor<2>, rng: &mut ChaCha12Rng) -> Tensor<2> {
        let [batch, size] = features.dims();
        let masks = self.masks(batch, size, rng, &features.device());
        features * masks
    }

    /// Factors for each channel of each image, drawn where `device` computes: a function of the generator's state and
    /// of the kind of device.
    ///
    /// # Shapes
    /// - output: `[batch, channels]`
    pub fn masks(
        self,
        batch: usize,
        channels: usize,
        rng: &mut ChaCha12Rng,
        device: &Device,
    ) -> Tensor<2> {
        let shape = [batch, channels];
        if !is_host(device) {
            device.seed(rng.random());
            let kept = 1.0 - self.rate;
            let chosen = Tensor::<2>::random(shape, Distribution::Bernoulli(kept), device);
            return chosen / kept;
        }
        let factors = self.factors(batch * channels, rng);
        Tensor::from_data(TensorData::new(factors, shape), device)
    }
}

/// Multiplies every channel of every image by its factor, and leaves the numbers in the order and the type of its input.
///
/// # Shapes
/// - `map`: `[B, C, H, W]`, `masks`: `[B, C]`
/// - output: `[B, C, H, W]`
pub(super) fn apply(map: Tensor<4>, masks: Tensor<2>, place: Place) -> Tensor<4> {
    let [batch, channels] = masks.dims();
    // A product writes its numbers in the order of its logical shape: [B, H, W, C] where the channels come last. The
    // factors are not rounded themselves: all images would be off in the same direction.
    if place.before_block {
        let factors = masks.reshape([batch, 1, 1, channels]);
        let scaled = through_full(map.permute([0, 2, 3, 1]), |map| map * factors);
        scaled.permute([0, 3, 1, 2])
    } else {
        through_full(map, |map| map * masks.reshape([batch, channels, 1, 1]))
    }
}
