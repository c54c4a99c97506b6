//! Positive pairs are pulled together, negative pairs pushed beyond a margin.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::{Loss, mean_over_active};
use crate::miner::{PairCounts, TripletMiner, TripletType};

/// Mean of `d_ap` over mined pairs with `d_ap > 0`, plus mean of `[margin − d_an]_+` over mined pairs where it is
/// positive. Pairs count once per triplet that mined them.
#[derive(Debug, Clone, Copy)]
pub struct ContrastiveLoss {
    margin: f32,
}

impl ContrastiveLoss {
    /// The loss with the margin that negative pairs are pushed to.
    pub fn new(margin: f32) -> Self {
        Self { margin }
    }
}

impl Loss for ContrastiveLoss {
    fn miner(&self, kind: TripletType) -> TripletMiner {
        TripletMiner::new(kind, self.margin)
    }

    fn forward(&self, distances: Tensor<2>, pairs: &PairCounts) -> Tensor<1> {
        let shortfall = relu((-distances.clone()).add_scalar(self.margin));
        mean_over_active(pairs.positives.clone(), distances)
            + mean_over_active(pairs.negatives.clone(), shortfall)
    }
}
