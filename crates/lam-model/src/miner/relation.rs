//! Who belongs together.

use burn::tensor::Device;

use super::PairMasks;

/// What one sample of a batch is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The two show the same thing.
    Positive,
    /// The two show different things.
    Negative,
    /// The pair takes no part.
    Neither,
}

/// Decides for every ordered pair of a batch whether it is a positive or a negative one.
pub trait PairRelation {
    /// Number of samples in the batch.
    fn batch(&self) -> usize;

    /// What `other` is to `anchor`.
    fn between(&self, anchor: usize, other: usize) -> Relation;

    /// The same as tensors on `device`. Where it can be said in fewer than `B²` numbers, only those go there.
    fn masks(&self, device: &Device) -> PairMasks {
        PairMasks::tabulate(self, device)
    }
}

/// Class labels: same label, another sample → positive; another label → negative.
impl PairRelation for [u32] {
    fn batch(&self) -> usize {
        self.len()
    }

    fn between(&self, anchor: usize, other: usize) -> Relation {
        if self[anchor] != self[other] {
            Relation::Negative
        } else if anchor != other {
            Relation::Positive
        } else {
            Relation::Neither
        }
    }

    fn masks(&self, device: &Device) -> PairMasks {
        PairMasks::of_labels(self, device)
    }
}
