//! The running estimate of the curvature during training.

use burn::tensor::{Tensor, TensorData};
use lam_model::StateDict;
use lam_model::head::{HeadWeights, PerLayer};

use crate::LaplaceError;
use crate::curvature::{Curvature, Structure};
use crate::error::check_range;
use crate::posterior::{BlockPosterior, FullPosterior, InputBasis, KronPosterior, Posterior};
use crate::spectrum::Spectrum;

/// Options of [`OnlineCurvature`], checked when they are made.
///
/// | option | default | purpose | range |
/// |---|---|---|---|
/// | `memory_factor` | 0.999 | share of the old estimate that is kept at each step | [0, 1] |
/// | `init` | N | curvature before the first step, of every weight | ≥ 0 |
/// | `scale` | N² | pairs of the training set that a step's mean pair stands for | > 0 |
/// | `max_pairs` | none | upper limit of the divisor, see [`OnlineCurvature::update`] | ≥ 1 |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnlineConfig {
    memory_factor: f64,
    init: f64,
    scale: f64,
    max_pairs: Option<usize>,
}

impl OnlineConfig {
    /// Defaults for a training set of `samples` images.
    pub fn new(samples: usize) -> Self {
        let samples = samples.max(1) as f64;
        Self {
            memory_factor: 0.999,
            init: samples,
            scale: samples * samples,
            max_pairs: None,
        }
    }

    /// Share of the old estimate that is kept at each step.
    ///
    /// # Errors
    /// If it is not in [0, 1].
    pub fn with_memory_factor(mut self, value: f64) -> Result<Self, LaplaceError> {
        let valid = (0.0..=1.0).contains(&value);
        self.memory_factor = check_range("memory_factor", value, valid, "a number from 0 to 1")?;
        Ok(self)
    }

    /// Curvature of every weight before the first step.
    ///
    /// # Errors
    /// If it is negative or not finite.
    pub fn with_init(mut self, value: f64) -> Result<Self, LaplaceError> {
        let valid = value.is_finite() && value >= 0.0;
        self.init = check_range("init_hessian", value, valid, "a finite number, at least 0")?;
        Ok(self)
    }

    /// Factor of a step's mean pair.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn with_scale(mut self, value: f64) -> Result<Self, LaplaceError> {
        let valid = value.is_finite() && value > 0.0;
        self.scale = check_range("scale", value, valid, "a finite number greater than 0")?;
        Ok(self)
    }

    /// Number of pairs of each kind a step's Hessian was summed over at most.
    ///
    /// # Errors
    /// If it is 0.
    pub fn with_max_pairs(mut self, value: usize) -> Result<Self, LaplaceError> {
        check_range("max_pairs", value as f64, value > 0, "at least 1")?;
        self.max_pairs = Some(value);
        Ok(self)
    }

    /// Curvature of every weight before the first step.
    pub fn init(&self) -> f64 {
        self.init
    }

    /// The limit, if there is one.
    pub fn max_pairs(&self) -> Option<usize> {
        self.max_pairs
    }
}

/// Updates between two decompositions of the estimate, once there were as many; before, they double from one to the next.
const BASIS_PERIOD: u32 = 128;

/// Most features with the bias, `F + 1`, of a block that is decomposed during training. A decomposition of sixteen such blocks takes minutes on two cores, and there is one in 128 updates.
const MOST_BLOCK: usize = 2048;
/// Most weights `P` of a whole matrix that is decomposed during training, which besides is decomposed at every step where a batch has more images than features.
const MOST_FULL: usize = 1024;

/// Exponentially forgetting sum of the steps' curvature.
#[derive(Debug, Clone)]
pub struct OnlineCurvature {
    config: OnlineConfig,
    estimate: Curvature,
    basis: Option<Basis>,
}

/// A decomposition of the estimate from some updates ago.
#[derive(Debug, Clone)]
struct Basis {
    /// What was decomposed.
    matrices: TensorData,
    decomposed: Decomposed,
    /// Updates so far; from twice the period on it goes back by one period.
    updates: u32,
}

#[derive(Debug, Clone)]
enum Decomposed {
    /// The inputs' factor of a Kronecker product.
    Inputs(InputBasis),
    /// All of it.
    Whole(Spectrum),
}

impl Basis {
    /// `None` of a diagonal, which needs none.
    fn of(estimate: &Curvature, updates: u32) -> Result<Option<Self>, LaplaceError> {
        let (matrices, decomposed) = match estimate {
            Curvature::Diagonal(_) => return Ok(None),
            Curvature::Kron(c) => (
                c.inputs().into_data(),
                Decomposed::Inputs(InputBasis::of(c.inputs())?),
            ),
            Curvature::Block(c) => (
                c.blocks().into_data(),
                Decomposed::Whole(Spectrum::of(c.blocks(), "block")?),
            ),
            Curvature::Full(c) => (
                c.matrix().into_data(),
                Decomposed::Whole(Spectrum::of(c.matrix().unsqueeze(), "full")?),
            ),
        };
        Ok(Some(Self {
            matrices,
            decomposed,
            updates,
        }))
    }

    /// After an update that led to `estimate`.
    fn next(self, estimate: &Curvature) -> Result<Option<Self>, LaplaceError> {
        let updates = self.updates + 1;
        let updates = if updates == 2 * BASIS_PERIOD {
            BASIS_PERIOD
        } else {
            updates
        };
        if updates.is_power_of_two() {
            Self::of(estimate, updates)
        } else {
            Ok(Some(Self { updates, ..self }))
        }
    }
}

impl OnlineCurvature {
    /// From `H₀`: [`Curvature::constant`] with [`OnlineConfig::init`].
    pub fn new(config: OnlineConfig, estimate: Curvature) -> Self {
        Self {
            config,
            estimate,
            basis: None,
        }
    }

    /// Refuses heads whose curvature fits, but could not be decomposed often enough for training. `layers` are the sizes
    /// `[M, I]`.
    ///
    /// # Errors
    /// [`LaplaceError::TooSlow`]; as [`Structure::check`].
    pub fn check(structure: Structure, layers: &PerLayer<[usize; 2]>) -> Result<(), LaplaceError> {
        structure.check(layers)?;
        let [outputs, features] = layers.last;
        let (side, limit, instead) = match structure {
            Structure::Diagonal | Structure::Kron => return Ok(()),
            Structure::Block => (features + 1, MOST_BLOCK, "kron or diag"),
            Structure::Full => (outputs * (features + 1), MOST_FULL, "block, kron or diag"),
        };
        if side <= limit {
            return Ok(());
        }
        Err(LaplaceError::TooSlow {
            structure: structure.name(),
            side,
            limit,
            instead,
        })
    }

    /// The current estimate `H`, nowhere negative once it was updated.
    pub fn estimate(&self) -> &Curvature {
        &self.estimate
    }

    /// The posterior around `mean` with a prior of this precision, for a step of training.
    ///
    /// What takes long to decompose, the factor of the inputs of a Kronecker product, the blocks or the whole matrix, is
    /// that of an earlier update: decomposing it anew at every step would cost more than the step. It is a running
    /// mean, which changes little over 128 updates; before as many were made, at most half of the updates are missing.
    ///
    /// # Errors
    /// As [`Curvature::posterior`].
    pub fn posterior(
        &self,
        mean: HeadWeights,
        prior_precision: f64,
    ) -> Result<Box<dyn Posterior>, LaplaceError> {
        let Some(basis) = &self.basis else {
            return self.estimate.posterior(mean, prior_precision);
        };
        match (&self.estimate, basis.decomposed.clone()) {
            (Curvature::Kron(c), Decomposed::Inputs(inputs)) => {
                let posterior = KronPosterior::in_basis(mean, c, inputs, prior_precision)?;
                Ok(Box::new(posterior))
            }
            (Curvature::Block(c), Decomposed::Whole(spectrum)) => {
                let dims = c.dims();
                let posterior = BlockPosterior::of_spectrum(mean, dims, spectrum, prior_precision)?;
                Ok(Box::new(posterior))
            }
            (Curvature::Full(c), Decomposed::Whole(spectrum)) => {
                let dims = c.dims();
                let posterior = FullPosterior::of_spectrum(mean, dims, spectrum, prior_precision)?;
                Ok(Box::new(posterior))
            }
            (estimate, _) => estimate.posterior(mean, prior_precision),
        }
    }

    /// The posterior by which the model is evaluated: as [`posterior`](Self::posterior), but blocks and whole matrices
    /// are decomposed as they are now.
    ///
    /// # Errors
    /// As [`Curvature::posterior`].
    pub fn current_posterior(
        &self,
        mean: HeadWeights,
        prior_precision: f64,
    ) -> Result<Box<dyn Posterior>, LaplaceError> {
        match &self.estimate {
            Curvature::Block(_) | Curvature::Full(_) => {
                self.estimate.posterior(mean, prior_precision)
            }
            // The eigenvalues of a Kronecker product are those of now up to the inputs' factor.
            Curvature::Diagonal(_) | Curvature::Kron(_) => self.posterior(mean, prior_precision),
        }
    }

    /// Takes in one step:
    /// ```text
    /// H ← m·H + relu(step · scale / min(n, max_pairs))
    /// ```
    /// `step` is the sum over the batch's pairs and `triplets` (`n`, shape `[1]`) the number of mined triplets; it is
    /// not fetched from the device. If pairs were drawn ([`subsample_pairs`](crate::curvature::subsample_pairs)), the
    /// divisor is the number drawn; if all were used (the rule), leave `max_pairs` unset: the estimate is then the
    /// expectation of the sampled one. A step without triplets contributes nothing, and the memory still decays.
    ///
    /// `relu` is [`Curvature::clamp`]: of a diagonal the entries, else the eigenvalues.
    ///
    /// # Errors
    /// As [`Curvature::clamp`].
    pub fn update(&mut self, step: Curvature, triplets: Tensor<1>) -> Result<(), LaplaceError> {
        let mut divisor = triplets.without_autodiff().clamp_min(1.0);
        if let Some(limit) = self.config.max_pairs {
            divisor = divisor.clamp_max(limit as f64);
        }
        let step = step.scale_by(divisor.recip() * self.config.scale).clamp()?;
        let kept = self.estimate.clone().fade(self.config.memory_factor);
        self.estimate = kept.merge(step);
        self.basis = match self.basis.take() {
            None => Basis::of(&self.estimate, 1)?,
            Some(basis) => basis.next(&self.estimate)?,
        };
        Ok(())
    }

    /// Its tensors by name: those of the estimate, and of all but a diagonal `basis`, what was decomposed last, and `updates`.
    pub fn state(&self) -> StateDict {
        let mut state = self.estimate.state();
        if let Some(basis) = &self.basis {
            state.insert("basis".into(), basis.matrices.clone());
            let updates = TensorData::new(vec![basis.updates as f32], [1]);
            state.insert("updates".into(), updates);
        }
        state
    }

    /// A stored one of the same configuration, structure and sizes as this one, which goes on with the same numbers.
    ///
    /// # Errors
    /// [`LaplaceError::State`] lists every tensor that is missing, has another shape or impossible values, or does not
    /// belong here.
    pub fn load(&self, state: &StateDict) -> Result<Self, LaplaceError> {
        let mut state = state.clone();
        let (matrices, updates) = (state.remove("basis"), state.remove("updates"));
        let mut loaded = Self::new(self.config, self.estimate.load(&state)?);
        loaded.basis = match (matrices, updates) {
            (None, None) => None,
            (Some(matrices), Some(updates)) => loaded.stored_basis(matrices, &updates)?,
            _ => return Err(misplaced_basis()),
        };
        Ok(loaded)
    }

    fn stored_basis(
        &self,
        matrices: TensorData,
        updates: &TensorData,
    ) -> Result<Option<Basis>, LaplaceError> {
        let numbers: Vec<f32> = updates.iter::<f32>().collect();
        let count = match numbers.as_slice() {
            [n] if n.fract() == 0.0 && (1.0..(2 * BASIS_PERIOD) as f32).contains(n) => *n as u32,
            other => {
                return Err(LaplaceError::State(vec![format!(
                    "updates is {other:?}, expected one whole number from 1 to {}",
                    2 * BASIS_PERIOD - 1
                )]));
            }
        };
        let mut decomposed = self.estimate.state();
        let name = match &self.estimate {
            Curvature::Diagonal(_) => return Err(misplaced_basis()),
            Curvature::Kron(_) => "inputs",
            Curvature::Block(_) => "blocks",
            Curvature::Full(_) => "matrix",
        };
        let like = decomposed.insert(name.into(), matrices.clone());
        if let Some(like) = like
            && like.shape() != matrices.shape()
        {
            return Err(LaplaceError::State(vec![format!(
                "basis has shape {:?}, expected {:?}",
                matrices.shape(),
                like.shape()
            )]));
        }
        Basis::of(&self.estimate.load(&decomposed)?, count)
    }
}

fn misplaced_basis() -> LaplaceError {
    let problem = "basis and updates belong together, and not to posterior diag";
    LaplaceError::State(vec![problem.to_owned()])
}
