//! A Gaussian whose covariance follows a Kronecker product, the prior added to it exactly.

use std::num::NonZeroUsize;

use burn::tensor::{Tensor, TensorData};
use lam_model::head::{HeadWeights, LayerWeights, PerLayer};

use super::gaussian::squared_norm;
use super::linear_mean::{LinearMean, largest};
use super::spread::Spread;
use super::{Noise, Posterior, WeightSamples};
use crate::LaplaceError;
use crate::curvature::KronCurvature;
use crate::predictive::OutputMoments;
use crate::prior::Evidence;
use crate::spectrum::{Spectrum, host};

/// The decomposition `R/tr R = V diag(r) Vᵀ` of the inputs' factor of a [`KronCurvature`].
///
/// It is the expensive part of a [`KronPosterior`] (`9 (F+1)³` operations), and changes slowly during training: one
/// basis serves many steps.
#[derive(Debug, Clone)]
pub struct InputBasis {
    spectrum: Spectrum,
}

impl InputBasis {
    /// Of `R`, `[F+1, F+1]`. Where nothing was seen yet, all directions are alike.
    ///
    /// # Errors
    /// [`LaplaceError::NotFinite`], [`LaplaceError::NoSpectrum`].
    pub fn of(inputs: Tensor<2>) -> Result<Self, LaplaceError> {
        let mut spectrum = Spectrum::of(inputs.unsqueeze(), "kron, inputs")?;
        for values in &mut spectrum.values {
            values.iter_mut().for_each(|r| *r = r.max(0.0));
            let trace: f64 = values.iter().sum();
            let alike = 1.0 / values.len().max(1) as f64;
            for r in values.iter_mut() {
                *r = if trace > 0.0 { *r / trace } else { alike };
            }
        }
        Ok(Self { spectrum })
    }
}

/// `N(μ, Σ)` with `Σ⁻¹ = T ⊗ R/tr R + (c + λ) I`.
///
/// With `T = Q diag(t) Qᵀ` and `R/tr R = V diag(r) Vᵀ` the precision is diagonal in the product basis, `t_i r_j + c + λ`:
/// the prior is added to the product, not to its factors. Negative `t_i` count as 0.
#[derive(Debug, Clone)]
pub struct KronPosterior {
    mean: LinearMean,
    outputs: Spectrum,
    inputs: InputBasis,
    isotropic: f64,
    spread: Spread,
}

impl KronPosterior {
    /// Around a linear head, with curvature of the same shape. Decomposes both factors.
    ///
    /// # Errors
    /// If the prior's precision is negative or not finite, the shapes do not belong together, the head has several
    /// layers, or the curvature is not finite.
    pub fn new(
        mean: HeadWeights,
        curvature: &KronCurvature,
        prior_precision: f64,
    ) -> Result<Self, LaplaceError> {
        let inputs = InputBasis::of(curvature.inputs())?;
        Self::in_basis(mean, curvature, inputs, prior_precision)
    }

    /// As [`new`](Self::new), with a decomposition of the inputs' factor from before: `R` of the curvature is not
    /// looked at.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn in_basis(
        mean: HeadWeights,
        curvature: &KronCurvature,
        inputs: InputBasis,
        prior_precision: f64,
    ) -> Result<Self, LaplaceError> {
        let spread = Spread::new(prior_precision)?;
        let [outputs, features] = curvature.dims();
        let of_basis = inputs.spectrum.vectors.dims()[2].saturating_sub(1);
        let mean = LinearMean::new(mean, [outputs, of_basis], "kron")?;
        if of_basis != features {
            return Err(LaplaceError::OtherHead {
                curvature: format!("[{outputs}, {features}]"),
                head: format!("[{outputs}, {of_basis}]"),
            });
        }
        let isotropic = host(curvature.isotropic()).first().copied().unwrap_or(0.0);
        Ok(Self {
            mean,
            outputs: Spectrum::of(curvature.outputs().unsqueeze(), "kron, outputs")?,
            inputs,
            isotropic: isotropic.max(0.0),
            spread,
        })
    }

    /// `t_i r_j + c`, row-major `[D, F+1]`.
    fn eigenvalues(&self) -> Vec<f64> {
        let inputs = self.inputs.spectrum.values.iter().flatten();
        self.outputs
            .values
            .iter()
            .flatten()
            .flat_map(|t| inputs.clone().map(|r| t.max(0.0) * r + self.isotropic))
            .collect()
    }

    /// `σ` in the product basis, `[1, D, F+1]`.
    fn spreads(&self) -> Tensor<3> {
        let deviations = self.eigenvalues().into_iter();
        let deviations: Vec<f64> = deviations.map(|h| self.spread.deviation(h)).collect();
        let [outputs, inputs] = self.mean.dims();
        let vectors = &self.inputs.spectrum.vectors;
        Tensor::from_data(
            TensorData::new(deviations, [1, outputs, inputs]),
            (&vectors.device(), vectors.dtype()),
        )
    }
}

/// `left · m · rightᵀ` for every `m` of a stack.
fn both_sides(left: &Tensor<3>, m: Tensor<3>, right: &Tensor<3>) -> Tensor<3> {
    let [samples, outputs, inputs] = m.dims();
    let right: Tensor<2> = right.clone().squeeze_dim(0);
    // One product for all samples.
    let turned = m
        .reshape([samples * outputs, inputs])
        .matmul(right.transpose())
        .reshape([samples, outputs, inputs]);
    left.clone()
        .expand([samples, outputs, outputs])
        .matmul(turned)
}

impl Posterior for KronPosterior {
    fn mean(&self) -> &HeadWeights {
        self.mean.head()
    }

    fn draw(&self, samples: NonZeroUsize, noise: &mut dyn Noise) -> WeightSamples {
        let spreads = self.spreads();
        let noise = self.mean.noise(samples, noise, &spreads);
        let deviation = both_sides(
            &self.outputs.vectors,
            noise * spreads,
            &self.inputs.spectrum.vectors,
        );
        self.mean.plus(deviation)
    }

    fn deviations(&self) -> PerLayer<LayerWeights> {
        let spreads = self.spreads();
        let largest = largest(&spreads);
        // Relative to the largest, whose square would leave the range of the numbers.
        let variance = both_sides(
            &self.outputs.vectors.clone().square(),
            (spreads / largest.clone()).square(),
            &self.inputs.spectrum.vectors.clone().square(),
        );
        self.mean.layers((variance.sqrt() * largest).squeeze_dim(0))
    }

    fn evidence(&self) -> Result<Evidence, LaplaceError> {
        Evidence::new(self.eigenvalues(), squared_norm(self.mean.head()))
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
