//! Who belongs together, as tensors.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{PairRelation, Relation};

/// The positive and the negative pairs of a batch: 1 where a pair is one, else 0.
#[derive(Debug, Clone)]
pub struct PairMasks {
    /// `[B, B]`, anchor × positive.
    pub positives: Tensor<2>,
    /// `[B, B]`, anchor × negative.
    pub negatives: Tensor<2>,
}

impl PairMasks {
    /// Of labels `[B]`, compared on `device`: only the labels themselves go there.
    pub fn of_labels(labels: &[u32], device: &Device) -> Self {
        let device = &device.clone().without_autodiff();
        let batch = labels.len();
        // Only equality counts, which any conversion without loss keeps.
        let values: Vec<i32> = labels.iter().map(|&label| label.cast_signed()).collect();
        let labels = Tensor::<1, Int>::from_data(TensorData::new(values, [batch]), device);
        let (rows, columns) = (
            labels.clone().unsqueeze_dim::<2>(1),
            labels.unsqueeze::<2>(),
        );
        let shape = [batch, batch];
        let same = rows.expand(shape).equal(columns.expand(shape)).float();
        Self {
            negatives: same.clone().neg().add_scalar(1.0),
            positives: same - Tensor::eye(batch, device),
        }
    }

    /// Every pair asked for on the host.
    pub fn tabulate<R: PairRelation + ?Sized>(relation: &R, device: &Device) -> Self {
        let device = &device.clone().without_autodiff();
        let batch = relation.batch();
        let mut positives = vec![0.0_f32; batch * batch];
        let mut negatives = positives.clone();
        for anchor in 0..batch {
            for other in 0..batch {
                match relation.between(anchor, other) {
                    Relation::Positive => positives[anchor * batch + other] = 1.0,
                    Relation::Negative => negatives[anchor * batch + other] = 1.0,
                    Relation::Neither => {}
                }
            }
        }
        let mask = |values| Tensor::from_data(TensorData::new(values, [batch, batch]), device);
        Self {
            positives: mask(positives),
            negatives: mask(negatives),
        }
    }
}
