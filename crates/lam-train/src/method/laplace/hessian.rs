//! The Hessian of a batch, as configured.

use burn::tensor::Tensor;
use lam_laplace::curvature::{
    Approximation, DiagonalCurvature, PairHessian, linear_head_diagonal, subsample_pairs,
};
use lam_model::miner::{TripletMiner, TripletType};
use rand_chacha::ChaCha12Rng;

use super::super::parts::Mined;
use crate::TrainError;
use crate::config::{self, Config};

/// How a batch's Hessian is formed.
pub(super) struct Hessian {
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
        Ok(Self {
            pairs,
            approximation,
            miner: TripletMiner::new(kind, config.margin as f32),
            max_pairs: config.subsample_pairs.then_some(config.max_pairs),
        })
    }

    /// Diagonal of the batch's Hessian, and the number of triplets it is the sum over.
    ///
    /// # Shapes
    /// - `features`: `[B, F]`, `z`: `[B, D]`, both without gradient
    pub(super) fn of_batch(
        &self,
        features: Tensor<2>,
        z: Tensor<2>,
        mined: &Mined,
        labels: &[u32],
        generator: &mut ChaCha12Rng,
    ) -> (DiagonalCurvature, Tensor<1>) {
        let pairs = self.miner.mine(&mined.distances, labels);
        let mut counts = pairs.to_device(&features.device());
        let triplets = counts.triplets();
        if let Some(limit) = self.max_pairs {
            counts = subsample_pairs(counts, limit, generator);
        }
        let diagonal = linear_head_diagonal(features, z, &counts, self.pairs, self.approximation);
        (diagonal, triplets)
    }
}
