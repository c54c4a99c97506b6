//! A Gaussian in which the weights of one output depend on each other, but not on those of another output.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use lam_model::head::{HeadWeights, LayerWeights, PerLayer};

use super::gaussian::squared_norm;
use super::linear_mean::{LinearMean, length};
use super::spread::Spread;
use super::{Noise, Posterior, WeightSamples};
use crate::LaplaceError;
use crate::curvature::{BlockCurvature, augmented};
use crate::predictive::{OutputMoments, Outputs};
use crate::prior::Evidence;
use crate::spectrum::Spectrum;

/// `N(μ, Π_k Σ_k)` with `Σ_k = V diag(σ²) Vᵀ` from the eigenvalues and eigenvectors of each output's block of the
/// curvature: no entry of the curvature is dropped except what is negative in its eigenvalues.
#[derive(Debug, Clone)]
pub struct BlockPosterior {
    mean: LinearMean,
    spectrum: Spectrum,
    spread: Spread,
}

impl BlockPosterior {
    /// Around a linear head, with curvature of the same shape. Decomposes the blocks.
    ///
    /// # Errors
    /// If the prior's precision is negative or not finite, the shapes do not belong together, the head has several
    /// layers, or the curvature is not finite.
    pub fn new(
        mean: HeadWeights,
        curvature: &BlockCurvature,
        prior_precision: f64,
    ) -> Result<Self, LaplaceError> {
        let spectrum = Spectrum::of(curvature.blocks(), "block")?;
        Self::of_spectrum(mean, curvature.dims(), spectrum, prior_precision)
    }

    /// As [`new`](Self::new), with the decomposition of a curvature of a head of sizes `[D, F]`.
    pub(crate) fn of_spectrum(
        mean: HeadWeights,
        dims: [usize; 2],
        spectrum: Spectrum,
        prior_precision: f64,
    ) -> Result<Self, LaplaceError> {
        let spread = Spread::new(prior_precision)?;
        let mean = LinearMean::new(mean, dims, "block")?;
        Ok(Self {
            mean,
            spectrum,
            spread,
        })
    }

    /// `V` with its columns multiplied by `σ`, `[D, F+1, F+1]`.
    fn root(&self) -> Tensor<3> {
        let rows = self
            .spectrum
            .rows(&self.spectrum.values, |e| self.spread.deviation(e));
        self.spectrum.vectors.clone() * rows
    }
}

impl Posterior for BlockPosterior {
    fn mean(&self) -> &HeadWeights {
        self.mean.head()
    }

    fn draw(&self, samples: NonZeroUsize, noise: &mut dyn Noise) -> WeightSamples {
        let root = self.root();
        let noise = self.mean.noise(samples, noise, &root);
        // Per output [S, F+1]×[F+1, F+1].
        let deviation = noise.swap_dims(0, 1).matmul(root.swap_dims(1, 2));
        self.mean.plus(deviation.swap_dims(0, 1))
    }

    fn deviations(&self) -> PerLayer<LayerWeights> {
        let deviations = length(self.root(), 2);
        self.mean.layers(deviations.squeeze_dim(2))
    }

    fn evidence(&self) -> Result<Evidence, LaplaceError> {
        Evidence::new(
            self.spectrum.values.concat(),
            squared_norm(self.mean.head()),
        )
    }

    fn spread(&self) -> Spread {
        self.spread
    }

    fn set_spread(&mut self, spread: Spread) {
        self.spread = spread;
    }

    /// Exact: no two outputs share a weight, and the weights of two outputs are independent.
    fn moments(&self) -> Option<Box<dyn OutputMoments>> {
        Some(Box::new(BlockMoments {
            mean: self.mean.head().clone(),
            root: self.root(),
        }))
    }

    fn boxed(&self) -> Box<dyn Posterior> {
        Box::new(self.clone())
    }
}

/// `z_k ~ N(w_k·x + b_k, |x̃ᵀ V_k diag(σ_k)|²)`.
#[derive(Debug)]
struct BlockMoments {
    mean: HeadWeights,
    root: Tensor<3>,
}

impl OutputMoments for BlockMoments {
    fn outputs(&self, features: Tensor<2>) -> Outputs {
        let rows: Tensor<3> = augmented(features.clone()).unsqueeze();
        let variance = rows.matmul(self.root.clone()).square().sum_dim(2);
        Outputs {
            mean: self.mean.forward(features),
            variance: variance.squeeze_dim::<2>(2).transpose(),
        }
    }
}
