//! Drawing some of the mined pairs, as the released code does.

use burn::tensor::{Tensor, TensorData};
use lam_model::miner::PairCounts;
use rand::Rng;
use rand::seq::index;

/// At most `max_pairs` positive and `max_pairs` negative pairs, drawn uniformly without replacement from the multiset
/// that the counts describe.
///
/// The released code does this because it forms a Jacobian per pair. [`linear_head_diagonal`] costs the same for all
/// pairs as for some, and gives the expectation of what the drawn ones give: there is no reason to draw except to
/// reproduce the original's estimator, noise included. The counts are fetched from the device.
///
/// [`linear_head_diagonal`]: super::linear_head_diagonal
pub fn subsample_pairs(counts: PairCounts, max_pairs: usize, rng: &mut impl Rng) -> PairCounts {
    PairCounts {
        positives: subsample(counts.positives, max_pairs, rng),
        negatives: subsample(counts.negatives, max_pairs, rng),
    }
}

fn subsample(counts: Tensor<2>, max_pairs: usize, rng: &mut impl Rng) -> Tensor<2> {
    let device = counts.device();
    let dims = counts.dims();
    let multiplicities: Vec<f32> = counts.to_data().convert::<f32>().iter::<f32>().collect();
    let total: usize = multiplicities.iter().map(|&count| count as usize).sum();
    if total <= max_pairs {
        return counts;
    }
    let mut drawn = index::sample(rng, total, max_pairs).into_vec();
    drawn.sort_unstable();
    let mut kept = vec![0.0_f32; multiplicities.len()];
    let mut drawn = drawn.into_iter().peekable();
    let mut end = 0;
    for (kept, &count) in kept.iter_mut().zip(&multiplicities) {
        end += count as usize;
        while drawn.next_if(|&pair| pair < end).is_some() {
            *kept += 1.0;
        }
    }
    Tensor::from_data(TensorData::new(kept, dims), &device)
}
