//! Standard normal numbers, many at a time.

use burn::tensor::{DType, Device, Distribution, Tensor, TensorData};
use lam_model::is_host;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use rayon::prelude::*;

/// Numbers per stream.
const CHUNK: usize = 1 << 12;

/// Where the standard normal numbers come from that samples of the weights are made of.
pub trait Noise {
    /// Independent draws from N(0, 1), `[S, M, I]`.
    fn normal(&mut self, shape: [usize; 3], device: &Device, dtype: DType) -> Tensor<3>;
}

/// Drawn on the host: the same numbers whatever the device, which they are brought to.
pub struct HostNoise<'a>(pub &'a mut dyn Rng);

/// Drawn where the tensors are: nothing crosses. A function of the generator's state and of the kind of device. On the
/// host the same as [`HostNoise`].
///
/// Burn seeds all devices of a kind together: no other thread may draw there meanwhile.
pub struct DeviceNoise<'a>(pub &'a mut dyn Rng);

impl Noise for HostNoise<'_> {
    fn normal(&mut self, shape: [usize; 3], device: &Device, dtype: DType) -> Tensor<3> {
        let noise = standard_normal(shape.iter().product(), self.0);
        Tensor::from_data(TensorData::new(noise, shape), (device, dtype))
    }
}

impl Noise for DeviceNoise<'_> {
    fn normal(&mut self, shape: [usize; 3], device: &Device, dtype: DType) -> Tensor<3> {
        if is_host(device) {
            return HostNoise(self.0).normal(shape, device, dtype);
        }
        device.seed(self.0.random());
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), (device, dtype))
    }
}

/// `count` independent draws from N(0, 1).
///
/// One seed is taken from `rng`; every chunk has a ChaCha stream of its own under that seed, so the result depends on
/// the generator's state only, not on the number of threads.
fn standard_normal(count: usize, rng: &mut dyn Rng) -> Vec<f32> {
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    let base = ChaCha8Rng::from_seed(seed);
    let mut noise = vec![0.0; count];
    noise
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(stream, chunk)| {
            let mut rng = base.clone();
            rng.set_stream(stream as u64);
            for value in chunk {
                *value = StandardNormal.sample(&mut rng);
            }
        });
    noise
}
