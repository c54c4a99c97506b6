//! What training minimises: functions of the pairwise distances and of how often each pair was mined.

mod contrastive;
mod triplet;

pub use contrastive::ContrastiveLoss;
pub use triplet::TripletLoss;

use burn::tensor::Tensor;

use crate::ModelError;
use crate::miner::{PairCounts, TripletMiner, TripletType};

/// A loss over mined pairs. A distance goes in, so that each loss works with each distance.
pub trait Loss: std::fmt::Debug + Send + Sync {
    /// The miner that finds this loss's pairs.
    fn miner(&self, kind: TripletType) -> TripletMiner;

    /// The loss, a tensor of shape `[1]`, differentiable in the distances; 0 where nothing was mined.
    ///
    /// # Shapes
    /// - `distances`: `[B, B]`
    fn forward(&self, distances: Tensor<2>, pairs: &PairCounts) -> Tensor<1>;
}

/// The loss of that name in a configuration.
///
/// # Errors
/// [`ModelError::UnknownName`] names the losses there are.
pub fn by_name(name: &str, margin: f32) -> Result<Box<dyn Loss>, ModelError> {
    match name {
        // `arccos` differs from `contrastive` in its Hessian only.
        "contrastive" | "arccos" => Ok(Box::new(ContrastiveLoss::new(margin))),
        "triplet" => Ok(Box::new(TripletLoss::new(margin))),
        _ => Err(ModelError::UnknownName {
            kind: "loss",
            name: name.to_owned(),
            known: vec!["contrastive", "arccos", "triplet"],
        }),
    }
}

/// `Σ weights·values / Σ weights[active]`, 0 where nothing is active; the mean over non-zero terms that
/// pytorch-metric-learning calls `AvgNonZeroReducer`.
///
/// # Shapes
/// - all `[B, B]`; output `[1]`
fn mean_over_active(weights: Tensor<2>, values: Tensor<2>) -> Tensor<1> {
    let active = values.clone().detach().greater_elem(0.0).float();
    let count = (weights.clone() * active).sum().clamp_min(1.0);
    (weights * values).sum() / count
}
