//! A Gaussian with independent weights.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use lam_model::head::{HeadWeights, LayerWeights, PerLayer};

use super::gaussian::{check_mean, flat, sizes, squared_norm};
use super::spread::Spread;
use super::{LayerSamples, Magnitudes, Noise, Posterior, WeightSamples};
use crate::LaplaceError;
use crate::curvature::DiagonalCurvature;
use crate::predictive::{OutputMoments, Outputs};
use crate::prior::Evidence;
use crate::spectrum::host;

/// `N(μ, diag(σ²))` over all weights of a head of any depth, with `σ = √T / (√(relu(h) + λ) + 1e-6)`, `h` the curvature,
/// `λ` the prior's precision and `T` the temperature.
#[derive(Debug, Clone)]
pub struct DiagonalPosterior {
    mean: HeadWeights,
    curvature: DiagonalCurvature,
    spread: Spread,
    deviations: PerLayer<LayerWeights>,
}

impl DiagonalPosterior {
    /// Around the head's weights, with curvature of the same shapes.
    ///
    /// # Errors
    /// If the prior's precision is negative or not finite, or the shapes do not belong together.
    pub fn new(
        mean: HeadWeights,
        curvature: &DiagonalCurvature,
        prior_precision: f64,
    ) -> Result<Self, LaplaceError> {
        let spread = Spread::new(prior_precision)?;
        check_mean(&mean)?;
        let same = mean.layers.depth() == curvature.layers().depth()
            && (mean.layers.iter().zip(curvature.layers().iter()))
                .all(|(mean, h)| mean.dims() == h.dims());
        if !same {
            return Err(LaplaceError::OtherHead {
                curvature: sizes(curvature.layers()),
                head: sizes(&mean.layers),
            });
        }
        Ok(Self {
            mean,
            deviations: deviations(curvature, spread),
            curvature: curvature.clone(),
            spread,
        })
    }
}

fn deviations(curvature: &DiagonalCurvature, spread: Spread) -> PerLayer<LayerWeights> {
    curvature.layers().clone().map(|layer| LayerWeights {
        weight: spread.deviations(layer.weight),
        bias: spread.deviations(layer.bias),
    })
}

impl Posterior for DiagonalPosterior {
    fn mean(&self) -> &HeadWeights {
        &self.mean
    }

    /// `w = μ + σ ⊙ ε`.
    fn draw(&self, samples: NonZeroUsize, noise: &mut dyn Noise) -> WeightSamples {
        let samples = samples.get();
        let layers = self.mean.layers.clone();
        let layers = layers.zip_map(self.deviations.clone(), |mean, deviation| {
            let [outputs, size] = mean.dims();
            let (device, dtype) = (deviation.weight.device(), deviation.weight.dtype());
            let weight = noise.normal([samples, outputs, size], &device, dtype);
            let bias = noise.normal([1, samples, outputs], &device, dtype);
            LayerSamples {
                weight: mean.weight.unsqueeze() + weight * deviation.weight.unsqueeze(),
                bias: mean.bias.unsqueeze() + bias.squeeze_dim::<2>(0) * deviation.bias.unsqueeze(),
            }
        });
        WeightSamples {
            layers,
            activation: self.mean.activation,
        }
    }

    fn deviations(&self) -> PerLayer<LayerWeights> {
        self.deviations.clone()
    }

    fn evidence(&self) -> Result<Evidence, LaplaceError> {
        let layers = self.curvature.layers().iter();
        let entries = layers.flat_map(|l| [host(l.weight.clone()), host(l.bias.clone())]);
        Evidence::new(entries.flatten().collect(), squared_norm(&self.mean))
    }

    /// Two numbers are read from the device.
    fn magnitudes(&self) -> Result<Magnitudes, LaplaceError> {
        let squares = flat(&self.mean.layers).square().mean();
        let curvature = flat(self.curvature.layers()).clamp_min(0.0).mean();
        let values = host(Tensor::cat(vec![squares, curvature], 0));
        Ok(Magnitudes {
            weight_rms: values.first().copied().unwrap_or_default().sqrt(),
            mean_curvature: values.last().copied().unwrap_or_default(),
        })
    }

    fn spread(&self) -> Spread {
        self.spread
    }

    fn set_spread(&mut self, spread: Spread) {
        self.spread = spread;
        self.deviations = deviations(&self.curvature, spread);
    }

    /// Exact for one linear layer: `z` is linear in Gaussian weights, and no two outputs share a weight. Nothing is
    /// known in closed form for a deeper head.
    fn moments(&self) -> Option<Box<dyn OutputMoments>> {
        if !self.mean.is_linear() {
            return None;
        }
        let deviation = &self.deviations.last;
        Some(Box::new(DiagonalMoments {
            mean: self.mean.clone(),
            weight_variance: deviation.weight.clone().square(),
            bias_variance: deviation.bias.clone().square(),
        }))
    }

    fn boxed(&self) -> Box<dyn Posterior> {
        Box::new(self.clone())
    }
}

/// `z_k ~ N(w_k·x + b_k, Σ_j σ_kj² x_j² + σ_k²)`.
#[derive(Debug)]
struct DiagonalMoments {
    mean: HeadWeights,
    weight_variance: Tensor<2>,
    bias_variance: Tensor<1>,
}

impl OutputMoments for DiagonalMoments {
    fn outputs(&self, features: Tensor<2>) -> Outputs {
        Outputs {
            mean: self.mean.forward(features.clone()),
            variance: features
                .square()
                .matmul(self.weight_variance.clone().transpose())
                + self.bias_variance.clone().unsqueeze::<2>(),
        }
    }
}
