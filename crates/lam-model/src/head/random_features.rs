//! A fixed map before the layers that are learnt, under which a head of finite size knows distances.

use std::f64::consts::TAU;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use crate::init::{normal, uniform};
use crate::normalise;
use crate::select::select;

/// What a [`RandomFeatures`] is built from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomFeaturesConfig {
    /// `R`: how many.
    pub count: usize,
    /// `ℓ` of the kernel, between features of length 1.
    pub length_scale: f32,
}

/// `φ(x) = √(2/R) cos(Ω x/|x| + p)`, `Ω` normal with deviation `1/ℓ`, `p` uniform over a circle: random Fourier features of
/// the kernel `exp(−|a−b|²/2ℓ²)` between directions `a`, `b` of features (Rahimi and Recht, "Random Features for
/// Large-Scale Kernel Machines", 2007), drawn once and never trained.
///
/// A linear layer on them is a Gaussian process of that kernel, approximately: its weights' posterior is wide where no
/// training image was near, however large the layer's output is there. On plain features it is wide only in directions
/// that the training images lack (Liu et al., "Simple and Principled Uncertainty Estimation", 2020, section 3.1).
#[derive(Module, Debug)]
pub struct RandomFeatures {
    /// `Ω`, `[R, F]`; without gradient, but part of the state.
    pub projection: Param<Tensor<2>>,
    /// `p`, `[R]`; likewise.
    pub phase: Param<Tensor<1>>,
}

impl RandomFeaturesConfig {
    /// A map of `features` (F) numbers.
    pub(super) fn init(
        self,
        features: usize,
        rng: &mut ChaCha12Rng,
        device: &Device,
    ) -> RandomFeatures {
        let deviation = 1.0 / self.length_scale;
        let projection = normal([self.count, features], deviation, rng, device);
        let phase = uniform([self.count], (TAU / 2.0) as f32, rng, device);
        RandomFeatures {
            projection: projection.set_require_grad(false),
            phase: phase.set_require_grad(false),
        }
    }
}

impl RandomFeatures {
    /// Every row has length 1, on average over draws of the map.
    ///
    /// # Shapes
    /// - `x`: `[B, F]`
    /// - output: `[B, R]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let projection = self.projection.val();
        let scale = (2.0 / projection.dims()[0] as f64).sqrt();
        let angles = normalise(x).matmul(projection.transpose()) + self.phase.val().unsqueeze();
        angles.cos() * scale
    }

    /// `F`.
    pub(super) fn inputs(&self) -> usize {
        self.projection.val().dims()[1]
    }

    /// The map of features in another order: input `i` of the result is input `order[i]` of this one.
    pub(super) fn with_inputs_in_order(mut self, order: &[usize]) -> Self {
        let projection = select(self.projection.val(), 1, order);
        self.projection = Param::from_tensor(projection).set_require_grad(false);
        self
    }
}
