//! How often each ordered pair of a batch was mined.

use burn::tensor::{Device, Tensor, TensorData};

/// Multiplicities of mined pairs as tensors: `positives[a, p]` counts the mined triplets `(a, p, ·)`,
/// `negatives[a, n]` those `(a, ·, n)`. Both are `[B, B]`, row = anchor, column = the other sample.
///
/// A pair enters the losses and the Hessian once per triplet that mined it, so these two matrices carry all that a
/// list of up to `B³` triplets would, in `O(B²)` memory.
#[derive(Debug, Clone)]
pub struct PairCounts {
    /// `[B, B]`, anchor × positive.
    pub positives: Tensor<2>,
    /// `[B, B]`, anchor × negative.
    pub negatives: Tensor<2>,
}

impl PairCounts {
    /// Number of mined triplets, a tensor of shape `[1]`: every triplet has exactly one anchor–positive pair.
    pub fn triplets(&self) -> Tensor<1> {
        self.positives.clone().sum()
    }
}

/// The same multiplicities on the host, row-major `[B, B]`, with the number of triplets.
#[derive(Debug, Clone, PartialEq)]
pub struct MinedPairs {
    /// Anchor × positive.
    pub positives: Vec<f32>,
    /// Anchor × negative.
    pub negatives: Vec<f32>,
    /// Mined triplets.
    pub triplets: u64,
    batch: usize,
}

impl MinedPairs {
    pub(super) fn none(batch: usize) -> Self {
        Self {
            positives: vec![0.0; batch * batch],
            negatives: vec![0.0; batch * batch],
            triplets: 0,
            batch,
        }
    }

    /// Both matrices on `device`.
    pub fn to_device(&self, device: &Device) -> PairCounts {
        let tensor = |counts: &[f32]| {
            Tensor::from_data(
                TensorData::new(counts.to_vec(), [self.batch, self.batch]),
                device,
            )
        };
        PairCounts {
            positives: tensor(&self.positives),
            negatives: tensor(&self.negatives),
        }
    }

    /// Mean of `distances` (`[B, B]`) over the mined positive and over the mined negative pairs, each pair once per
    /// triplet; `None` where nothing was mined.
    pub fn mean_distances(&self, distances: &[f32]) -> Option<(f64, f64)> {
        let mean = |counts: &[f32]| weighted_sum(counts, distances) / self.triplets as f64;
        (self.triplets > 0).then(|| (mean(&self.positives), mean(&self.negatives)))
    }
}

/// `Σ weights·values` in double precision, as eight sums that the processor can form side by side.
fn weighted_sum(weights: &[f32], values: &[f32]) -> f64 {
    let mut sums = [0.0; 8];
    for (weights, values) in weights.chunks(8).zip(values.chunks(8)) {
        for ((sum, &w), &v) in sums.iter_mut().zip(weights).zip(values) {
            *sum += f64::from(w) * f64::from(v);
        }
    }
    sums.iter().sum()
}
