//! The curvature of a head in any of its structures.

use burn::tensor::{Device, Tensor, TensorData};
use lam_model::StateDict;
use lam_model::head::{HeadWeights, LayerWeights, PerLayer};
use lam_model::miner::PairCounts;

use super::state::Reader;
use super::{
    Approximation, BlockCurvature, DiagonalCurvature, FullCurvature, KronCurvature, PairHessian,
    head_diagonal,
};
use crate::LaplaceError;
use crate::posterior::{
    BlockPosterior, DiagonalPosterior, FullPosterior, KronPosterior, Posterior,
};

/// Which entries of the Hessian are kept, and so which weights of the posterior depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Structure {
    /// None but the diagonal.
    Diagonal,
    /// All, as a product of one factor for the outputs and one for the inputs.
    Kron,
    /// Those between the weights of the same output.
    Block,
    /// All.
    Full,
}

impl Structure {
    /// The name in configurations and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Diagonal => "diag",
            Self::Kron => "kron",
            Self::Block => "block",
            Self::Full => "full",
        }
    }

    /// Refuses heads for which the structure does not exist or would not fit. `layers` are the sizes `[M, I]`.
    ///
    /// # Errors
    /// [`LaplaceError::DeepHead`], [`LaplaceError::TooLarge`].
    pub fn check(self, layers: &PerLayer<[usize; 2]>) -> Result<(), LaplaceError> {
        if self != Self::Diagonal && layers.depth() > 1 {
            return Err(LaplaceError::DeepHead {
                structure: self.name(),
                layers: layers.depth(),
            });
        }
        match self {
            Self::Diagonal => Ok(()),
            Self::Kron => KronCurvature::check(layers.last),
            Self::Block => BlockCurvature::check(layers.last),
            Self::Full => FullCurvature::check(layers.last),
        }
    }
}

/// Curvature of a head, in one of the structures. It is a sum over pairs, so shards that share no pair
/// [`merge`](Self::merge) exactly.
#[derive(Debug, Clone)]
pub enum Curvature {
    /// See [`DiagonalCurvature`].
    Diagonal(DiagonalCurvature),
    /// See [`KronCurvature`].
    Kron(KronCurvature),
    /// See [`BlockCurvature`].
    Block(BlockCurvature),
    /// See [`FullCurvature`].
    Full(FullCurvature),
}

impl Curvature {
    /// The same curvature `value` for every weight of a head with layers of these sizes `[M, I]`.
    ///
    /// # Errors
    /// As [`Structure::check`].
    pub fn constant(
        structure: Structure,
        layers: PerLayer<[usize; 2]>,
        value: f64,
        device: &Device,
    ) -> Result<Self, LaplaceError> {
        structure.check(&layers)?;
        let [outputs, features] = layers.last;
        Ok(match structure {
            Structure::Diagonal => {
                Self::Diagonal(DiagonalCurvature::constant_layers(layers, value, device))
            }
            Structure::Kron => {
                Self::Kron(KronCurvature::constant(outputs, features, value, device)?)
            }
            Structure::Block => {
                Self::Block(BlockCurvature::constant(outputs, features, value, device)?)
            }
            Structure::Full => {
                Self::Full(FullCurvature::constant(outputs, features, value, device)?)
            }
        })
    }

    /// The generalised Gauss–Newton Hessian of a batch, summed over all counted pairs, not clamped.
    ///
    /// # Shapes
    /// - `features`: `[B, F]`, input of the head
    /// - `embeddings`: `[B, D]`, its output before the normalisation, under the weights `head`
    /// - `counts`: `[B, B]` each
    ///
    /// # Errors
    /// As [`Structure::check`].
    ///
    /// # Panics
    /// If the shapes do not fit together.
    pub fn of_batch(
        structure: Structure,
        head: &HeadWeights,
        features: Tensor<2>,
        embeddings: Tensor<2>,
        counts: &PairCounts,
        hessian: PairHessian,
        approximation: Approximation,
    ) -> Result<Self, LaplaceError> {
        let (x, z, kind) = (features, embeddings, hessian);
        if structure == Structure::Diagonal {
            let diagonal = head_diagonal(head, x, z, counts, kind, approximation);
            return Ok(Self::Diagonal(diagonal));
        }
        structure.check(&head.layers.clone().map(|layer| layer.dims()))?;
        Ok(match structure {
            Structure::Kron => {
                Self::Kron(KronCurvature::of_batch(x, z, counts, kind, approximation)?)
            }
            Structure::Block => {
                Self::Block(BlockCurvature::of_batch(x, z, counts, kind, approximation)?)
            }
            Structure::Full | Structure::Diagonal => {
                Self::Full(FullCurvature::of_batch(x, z, counts, kind, approximation)?)
            }
        })
    }

    /// Which it is.
    pub fn structure(&self) -> Structure {
        match self {
            Self::Diagonal(_) => Structure::Diagonal,
            Self::Kron(_) => Structure::Kron,
            Self::Block(_) => Structure::Block,
            Self::Full(_) => Structure::Full,
        }
    }

    /// The curvature of both sums of pairs together: exact, in any order.
    ///
    /// # Panics
    /// If the two have different structures or belong to heads of different sizes.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Diagonal(a), Self::Diagonal(b)) => Self::Diagonal(a.merge(b)),
            (Self::Kron(a), Self::Kron(b)) => Self::Kron(a.merge(b)),
            (Self::Block(a), Self::Block(b)) => Self::Block(a.merge(b)),
            (Self::Full(a), Self::Full(b)) => Self::Full(a.merge(b)),
            (a, b) => panic!(
                "curvature of structures {} and {} has no sum",
                a.structure().name(),
                b.structure().name()
            ),
        }
    }

    /// The state of [`merge`](Self::merge) from those of two curvatures of the same structure and sizes: every tensor of a
    /// state is a sum over pairs or over inputs, whatever the structure.
    ///
    /// # Errors
    /// [`LaplaceError::State`] lists every tensor that only one of them has, or that has another shape.
    pub fn merge_states(a: &StateDict, b: &StateDict) -> Result<StateDict, LaplaceError> {
        let mut problems: Vec<String> = Vec::new();
        let mut sum = StateDict::new();
        for (name, ours) in a {
            match b.get(name) {
                Some(theirs) if ours.shape() == theirs.shape() => {
                    let values = ours.iter::<f32>().zip(theirs.iter::<f32>());
                    let values: Vec<f32> = values.map(|(a, b)| a + b).collect();
                    let shape = ours.shape().to_vec();
                    sum.insert(name.clone(), TensorData::new(values, shape));
                }
                Some(theirs) => problems.push(format!(
                    "{name} has shape {:?} and {:?}",
                    ours.shape(),
                    theirs.shape()
                )),
                None => problems.push(format!("missing tensor {name}")),
            }
        }
        let left = b.keys().filter(|name| !a.contains_key(*name));
        problems.extend(left.map(|name| format!("unexpected tensor {name}")));
        if problems.is_empty() {
            Ok(sum)
        } else {
            Err(LaplaceError::State(problems))
        }
    }

    /// Multiplied by a number.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        match self {
            Self::Diagonal(c) => Self::Diagonal(c.scale(factor)),
            Self::Kron(c) => Self::Kron(c.scale(factor)),
            Self::Block(c) => Self::Block(c.scale(factor)),
            Self::Full(c) => Self::Full(c.scale(factor)),
        }
    }

    /// Multiplied by a number that the device knows, shape `[1]`, without fetching it.
    #[must_use]
    pub fn scale_by(self, factor: Tensor<1>) -> Self {
        match self {
            Self::Diagonal(c) => Self::Diagonal(c.scale_by(factor)),
            Self::Kron(c) => Self::Kron(c.scale_by(factor)),
            Self::Block(c) => Self::Block(c.scale_by(factor)),
            Self::Full(c) => Self::Full(c.scale_by(factor)),
        }
    }

    /// Everything seen so far counts `memory` times.
    #[must_use]
    pub fn fade(self, memory: f64) -> Self {
        match self {
            Self::Kron(c) => Self::Kron(c.fade(memory)),
            other => other.scale(memory),
        }
    }

    /// Without what is negative: entries of the diagonal, else eigenvalues.
    ///
    /// # Errors
    /// [`LaplaceError::NotFinite`], [`LaplaceError::NoSpectrum`]; never of a diagonal.
    pub fn clamp(self) -> Result<Self, LaplaceError> {
        Ok(match self {
            Self::Diagonal(c) => Self::Diagonal(c.clamp()),
            Self::Kron(c) => Self::Kron(c.clamp()?),
            Self::Block(c) => Self::Block(c.clamp()?),
            Self::Full(c) => Self::Full(c.clamp()?),
        })
    }

    /// The posterior around `mean` with a prior of this precision.
    ///
    /// # Errors
    /// If the prior's precision is negative or not finite, the shapes do not belong together, or the curvature is not
    /// finite.
    pub fn posterior(
        &self,
        mean: HeadWeights,
        prior_precision: f64,
    ) -> Result<Box<dyn Posterior>, LaplaceError> {
        Ok(match self {
            Self::Diagonal(c) => Box::new(DiagonalPosterior::new(mean, c, prior_precision)?),
            Self::Kron(c) => Box::new(KronPosterior::new(mean, c, prior_precision)?),
            Self::Block(c) => Box::new(BlockPosterior::new(mean, c, prior_precision)?),
            Self::Full(c) => Box::new(FullPosterior::new(mean, c, prior_precision)?),
        })
    }

    /// Its tensors by name: of a diagonal those of a head's state, else `outputs`, `inputs`, `isotropic`; `blocks`;
    /// `matrix`.
    pub fn state(&self) -> StateDict {
        let mut state = StateDict::new();
        match self {
            Self::Diagonal(c) => {
                for (name, layer) in layer_names(c.layers()) {
                    state.insert(format!("{name}weight"), layer.weight.clone().into_data());
                    state.insert(format!("{name}bias"), layer.bias.clone().into_data());
                }
            }
            Self::Kron(c) => {
                state.insert("outputs".into(), c.outputs().into_data());
                state.insert("inputs".into(), c.inputs().into_data());
                state.insert("isotropic".into(), c.isotropic().into_data());
            }
            Self::Block(c) => {
                state.insert("blocks".into(), c.blocks().into_data());
            }
            Self::Full(c) => {
                state.insert("matrix".into(), c.matrix().into_data());
            }
        }
        state
    }

    /// A stored curvature of the same structure and sizes as this one.
    ///
    /// # Errors
    /// [`LaplaceError::State`] lists every tensor that is missing, has another shape, or does not belong here.
    pub fn load(&self, state: &StateDict) -> Result<Self, LaplaceError> {
        let mut reader = Reader::new(state);
        let loaded = match self {
            Self::Diagonal(c) => {
                let mut layers =
                    layer_names(c.layers())
                        .into_iter()
                        .map(|(name, like)| LayerWeights {
                            weight: reader.tensor(&format!("{name}weight"), &like.weight),
                            bias: reader.tensor(&format!("{name}bias"), &like.bias),
                        });
                let hidden = layers.by_ref().take(c.layers().hidden.len()).collect();
                let last = layers.next().unwrap_or_else(|| c.layers().last.clone());
                drop(layers);
                Self::Diagonal(DiagonalCurvature::from_layers(PerLayer { hidden, last }))
            }
            Self::Kron(c) => Self::Kron(KronCurvature::from_factors(
                reader.tensor("outputs", &c.outputs()),
                reader.tensor("inputs", &c.inputs()),
                reader.tensor("isotropic", &c.isotropic()),
            )),
            Self::Block(c) => Self::Block(BlockCurvature::from_blocks(
                reader.tensor("blocks", &c.blocks()),
            )),
            Self::Full(c) => Self::Full(FullCurvature::from_matrix(
                reader.tensor("matrix", &c.matrix()),
                c.dims()[0],
            )),
        };
        reader.finish()?;
        Ok(loaded)
    }
}

/// Every layer with what stands before `weight` and `bias` in its names, as in a head's state.
fn layer_names(layers: &PerLayer<LayerWeights>) -> Vec<(String, &LayerWeights)> {
    let hidden = layers.hidden.iter().enumerate();
    let hidden = hidden.map(|(i, layer)| (format!("hidden.{i}."), layer));
    hidden
        .chain(std::iter::once((String::new(), &layers.last)))
        .collect()
}
