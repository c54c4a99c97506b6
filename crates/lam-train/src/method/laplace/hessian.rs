//! The Hessian of a batch, as configured.

use burn::tensor::{Device, Tensor};
use lam_laplace::curvature::{Approximation, Curvature, PairHessian, Structure, subsample_pairs};
use lam_model::head::{HeadWeights, PerLayer};
use lam_model::miner::{TripletMiner, TripletType};
use rand_chacha::ChaCha12Rng;

use super::super::parts::LossPairs;
use crate::TrainError;
use crate::config::{self, Config};

/// How a batch's Hessian is formed.
pub(super) struct Hessian {
    structure: Structure,
    pairs: PairHessian,
    approximation: Approximation,
    miner: TripletMiner,
    max_pairs: Option<usize>,
}

impl Hessian {
    pub(super) fn new(config: &Config) -> Result<Self, TrainError> {
        let pairs = match config.loss {
            config::Loss::Contrastive => PairHessian::Contrastive,
            config::Loss::Arccos => PairHessian::Arccos,
            config::Loss::Triplet => {
                return Err(TrainError::NoHessian {
                    loss: config.loss.to_string(),
                    method: config.model,
                });
            }
        };
        let approximation = match config.loss_approx {
            config::HessianApprox::Full => Approximation::Full,
            config::HessianApprox::Pos => Approximation::Pos,
            config::HessianApprox::Fix => Approximation::Fix,
        };
        let kind: TripletType = config.type_of_triplets_hessian.to_string().parse()?;
        let structure = match config.posterior {
            config::Posterior::Diag => Structure::Diagonal,
            config::Posterior::Kron => Structure::Kron,
            config::Posterior::Block => Structure::Block,
            config::Posterior::Full => Structure::Full,
        };
        Ok(Self {
            structure,
            pairs,
            approximation,
            miner: TripletMiner::new(kind, config.margin as f32),
            max_pairs: config.subsample_pairs.then_some(config.max_pairs),
        })
    }

    /// The configured structure.
    pub(super) fn structure(&self) -> Structure {
        self.structure
    }

    /// Curvature of the configured structure, `value` for every weight of a head alike.
    ///
    /// # Errors
    /// A head for which the structure does not exist or would not fit.
    pub(super) fn constant(
        &self,
        layers: PerLayer<[usize; 2]>,
        value: f64,
        device: &Device,
    ) -> Result<Curvature, TrainError> {
        Ok(Curvature::constant(self.structure, layers, value, device)?)
    }

    /// The batch's Hessian, and the number of triplets it is the sum over.
    ///
    /// # Shapes
    /// - `features`: `[B, F]`, `z`: `[B, D]` under the weights `head`, both without gradient
    ///
    /// # Errors
    /// As [`constant`](Self::constant).
    pub(super) fn of_batch(
        &self,
        head: &HeadWeights,
        features: Tensor<2>,
        z: Tensor<2>,
        pairs: &LossPairs,
        generator: &mut ChaCha12Rng,
    ) -> Result<(Curvature, Tensor<1>), TrainError> {
        // Pairs that the loss has mined already are not mined again.
        let mut counts = if self.miner == pairs.miner {
            pairs.mined.counts.clone()
        } else {
            pairs.batch.mine(self.miner).counts
        };
        let triplets = counts.triplets();
        if let Some(limit) = self.max_pairs {
            counts = subsample_pairs(counts, limit, generator);
        }
        let curvature = Curvature::of_batch(
            self.structure,
            head,
            features,
            z,
            &counts,
            self.pairs,
            self.approximation,
        )?;
        Ok((curvature, triplets))
    }
}
