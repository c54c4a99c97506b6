//! The positive has to be nearer than the negative by a margin.

use burn::tensor::Tensor;

use super::Loss;
use crate::miner::{PairCounts, TripletMiner, TripletType};

/// Mean of `[d_ap − d_an + margin]_+` over the mined triplets where it is positive.
///
/// Its miner keeps just those triplets. On them the bracket is linear, so the sum over triplets is a sum over pairs,
/// each as often as it was mined.
#[derive(Debug, Clone, Copy)]
pub struct TripletLoss {
    margin: f32,
}

impl TripletLoss {
    /// The loss with its margin.
    pub fn new(margin: f32) -> Self {
        Self { margin }
    }
}

impl Loss for TripletLoss {
    fn miner(&self, kind: TripletType) -> TripletMiner {
        TripletMiner::new(kind, self.margin).active_only()
    }

    fn forward(&self, distances: Tensor<2>, pairs: &PairCounts) -> Tensor<1> {
        let triplets = pairs.triplets();
        let signed = pairs.positives.clone() - pairs.negatives.clone();
        let sum = (signed * distances).sum() + triplets.clone().mul_scalar(self.margin);
        sum / triplets.clamp_min(1.0)
    }
}
