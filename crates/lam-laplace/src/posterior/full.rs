//! A Gaussian in which all weights depend on each other.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use lam_model::head::{HeadWeights, LayerWeights, PerLayer};

use super::gaussian::squared_norm;
use super::linear_mean::{LinearMean, length};
use super::spread::Spread;
use super::{Noise, Posterior, WeightSamples};
use crate::LaplaceError;
use crate::curvature::FullCurvature;
use crate::predictive::OutputMoments;
use crate::prior::Evidence;
use crate::spectrum::Spectrum;

/// `N(μ, V diag(σ²) Vᵀ)` from the eigenvalues and eigenvectors of the whole curvature.
#[derive(Debug, Clone)]
pub struct FullPosterior {
    mean: LinearMean,
    spectrum: Spectrum,
    spread: Spread,
}

impl FullPosterior {
    /// Around a linear head, with curvature of the same shape. Decomposes the matrix.
    ///
    /// # Errors
    /// If the prior's precision is negative or not finite, the shapes do not belong together, the head has several
    /// layers, or the curvature is not finite.
    pub fn new(
        mean: HeadWeights,
        curvature: &FullCurvature,
        prior_precision: f64,
    ) -> Result<Self, LaplaceError> {
        let spectrum = Spectrum::of(curvature.matrix().unsqueeze(), "full")?;
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
        let mean = LinearMean::new(mean, dims, "full")?;
        Ok(Self {
            mean,
            spectrum,
            spread,
        })
    }

    /// `V` with its columns multiplied by `σ`, `[P, P]`.
    fn root(&self) -> Tensor<2> {
        let rows = self
            .spectrum
            .rows(&self.spectrum.values, |e| self.spread.deviation(e));
        (self.spectrum.vectors.clone() * rows).squeeze_dim(0)
    }
}

impl Posterior for FullPosterior {
    fn mean(&self) -> &HeadWeights {
        self.mean.head()
    }

    fn draw(&self, samples: NonZeroUsize, noise: &mut dyn Noise) -> WeightSamples {
        let noise = self.mean.noise(samples, noise, &self.spectrum.vectors);
        let dims = noise.dims();
        let noise = noise.reshape([dims[0], dims[1] * dims[2]]);
        let deviation = noise.matmul(self.root().transpose());
        self.mean.plus(deviation.reshape(dims))
    }

    fn deviations(&self) -> PerLayer<LayerWeights> {
        let deviations = length(self.root(), 1);
        self.mean.layers(deviations.reshape(self.mean.dims()))
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

    /// `None`: the outputs depend on each other.
    fn moments(&self) -> Option<Box<dyn OutputMoments>> {
        None
    }

    fn boxed(&self) -> Box<dyn Posterior> {
        Box::new(self.clone())
    }
}
