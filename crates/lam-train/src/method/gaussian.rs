//! Embeddings that are Gaussians around a direction, from two heads on one backbone: what PFE and HIB predict.

use burn::tensor::{DType, Device, Tensor, TensorData};
use lam_laplace::posterior::{DeviceNoise, Noise};
use lam_model::head::VarianceHead;
use lam_model::{Encoder, is_host, normalise};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};

use super::parts::{encoder_config, norms};
use super::{BuildContext, Embedded, Predict};
use crate::TrainError;
use crate::randomness::{Purpose, Randomness};

/// The configured log-variance head with its initial weights, with automatic differentiation.
pub(super) fn variance_head(
    context: &BuildContext,
    randomness: Randomness,
) -> Result<VarianceHead, TrainError> {
    let encoder = encoder_config(context)?;
    Ok(VarianceHead::init(
        encoder.features(),
        encoder.latent_dim(),
        context.config.use_global_last_bn_layer,
        &mut randomness.generator(Purpose::Weights, 1),
        &context.device.clone().autodiff(),
    ))
}

/// `count` samples of every Gaussian, brought back to the unit sphere.
///
/// # Shapes
/// - `mean`, `deviation`: `[B, D]`; `noise`: `[B, count, D]`, standard normal
/// - output: `[B, count, D]`
pub(super) fn samples(mean: Tensor<2>, deviation: Tensor<2>, noise: Tensor<3>) -> Tensor<3> {
    let [batch, count, size] = noise.dims();
    let z = mean.unsqueeze_dim::<3>(1) + deviation.unsqueeze_dim::<3>(1) * noise;
    normalise(z.reshape([batch * count, size])).reshape([batch, count, size])
}

/// Noise of a training step, standard normal, drawn where `device` computes.
pub(super) fn training_noise(
    shape: [usize; 3],
    generator: &mut ChaCha12Rng,
    device: &Device,
) -> Tensor<3> {
    if !is_host(device) {
        return DeviceNoise(generator).normal(shape, device, DType::F32);
    }
    let noise = standard_normal(shape.iter().product(), generator);
    Tensor::from_data(TensorData::new(noise, shape), device)
}

/// `count` standard normal numbers.
fn standard_normal(count: usize, generator: &mut ChaCha12Rng) -> Vec<f32> {
    StandardNormal.sample_iter(generator).take(count).collect()
}

/// Mean direction `μ` from the encoder, `σ` from the log-variance head, samples `μ + σ ε` on the unit sphere.
///
/// The noise of an image is a function of the evaluation's generator and of the image's own numbers, so that neither the
/// order of images nor the size of a batch changes it.
pub(super) struct GaussianPredictor {
    encoder: Encoder,
    variance: VarianceHead,
    samples: usize,
    noise: ChaCha12Rng,
}

impl GaussianPredictor {
    /// For modules without automatic differentiation.
    pub(super) fn new(
        encoder: Encoder,
        variance: VarianceHead,
        samples: usize,
        generator: &mut ChaCha12Rng,
    ) -> Self {
        let mut seed = [0; 32];
        generator.fill_bytes(&mut seed);
        Self {
            encoder,
            variance,
            samples: samples.max(1),
            noise: ChaCha12Rng::from_seed(seed),
        }
    }

    /// Noise for each of `images`, `[B, S, size]`.
    fn noise_of(&self, images: &Tensor<4>, size: usize) -> Tensor<3> {
        let [batch, channels, height, width] = images.dims();
        let bytes = images.to_data();
        let image = channels * height * width * size_of::<f32>();
        let mut noise = Vec::with_capacity(batch * self.samples * size);
        for image in bytes.as_bytes().chunks_exact(image.max(1)) {
            let mut generator = self.noise.clone();
            generator.set_stream(u64::from(crc32c::crc32c(image)));
            noise.extend(standard_normal(self.samples * size, &mut generator));
        }
        let data = TensorData::new(noise, [batch, self.samples, size]);
        Tensor::from_data(data, &images.device())
    }
}

impl Predict for GaussianPredictor {
    fn embed(&self, images: Tensor<4>) -> Embedded {
        let given = self.encoder.backbone.forward(images.clone());
        let features = self.encoder.head.features(given.clone());
        let mean = normalise(self.encoder.head.weights().forward(features.clone()));
        let deviation = self.variance.forward(features).sqrt();
        let noise = self.noise_of(&images, mean.dims()[1]);
        Embedded {
            samples: Some(samples(mean.clone(), deviation.clone(), noise)),
            mean,
            deviation: Some(deviation),
            feature_norm: norms(given),
            isotropic: None,
            output_spread: None,
            uncertainty: None,
        }
    }
}
