//! Triplets (anchor, positive, negative) chosen by how well their distances are ordered.

use std::str::FromStr;

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::{MinedPairs, PairCounts, PairMasks, PairRelation, Relation};
use crate::ModelError;

/// Which triplets are mined, by their violation `m = d_an − d_ap` (method, section "Distances, miner, loss").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TripletType {
    /// `m ≤ margin`.
    All,
    /// `m ≤ margin` and `m ≤ 0`: the negative is nearer than the positive.
    Hard,
    /// `0 < m ≤ margin`.
    Semihard,
    /// `m > margin`: already in order.
    Easy,
    /// Every triplet.
    None,
}

impl FromStr for TripletType {
    type Err = ModelError;

    fn from_str(name: &str) -> Result<Self, ModelError> {
        match name {
            "all" => Ok(Self::All),
            "hard" => Ok(Self::Hard),
            "semihard" => Ok(Self::Semihard),
            "easy" => Ok(Self::Easy),
            "none" => Ok(Self::None),
            _ => Err(ModelError::UnknownName {
                kind: "triplet type",
                name: name.to_owned(),
                known: vec!["all", "hard", "semihard", "easy", "none"],
            }),
        }
    }
}

/// Counts the triplets of a batch without ever listing them: `O(B²)` memory, one comparison per candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TripletMiner {
    kind: TripletType,
    margin: f32,
    active_only: bool,
}

impl TripletMiner {
    /// A miner of `kind` with the given margin.
    pub fn new(kind: TripletType, margin: f32) -> Self {
        Self {
            kind,
            margin,
            active_only: false,
        }
    }

    /// Leaves out the triplets on which `[d_ap − d_an + margin]_+` is zero.
    pub fn active_only(mut self) -> Self {
        self.active_only = true;
        self
    }

    /// Mines a batch from its pairwise distances, row-major `[B, B]`.
    ///
    /// # Panics
    /// If `distances` is not `B × B`.
    pub fn mine<R: PairRelation + Sync + ?Sized>(
        &self,
        distances: &[f32],
        relation: &R,
    ) -> MinedPairs {
        let margin = self.margin;
        // One monomorphic inner loop per kind, so that the comparison is all there is in it.
        match (self.kind, self.active_only) {
            (TripletType::All, false) => count(distances, relation, |m| m <= margin),
            (TripletType::Hard, false) => count(distances, relation, |m| m <= margin && m <= 0.0),
            (TripletType::Hard, true) => count(distances, relation, |m| m < margin && m <= 0.0),
            (TripletType::Semihard, false) => {
                count(distances, relation, |m| m <= margin && m > 0.0)
            }
            (TripletType::Semihard, true) => count(distances, relation, |m| m < margin && m > 0.0),
            (TripletType::Easy, false) => count(distances, relation, |m| m > margin),
            (TripletType::Easy, true) => count(distances, relation, |_| false),
            (TripletType::None, false) => count(distances, relation, |_| true),
            (TripletType::All | TripletType::None, true) => {
                count(distances, relation, |m| m < margin)
            }
        }
    }

    /// As [`mine`](Self::mine), by tensor operations where the distances are, without a gradient.
    ///
    /// # Shapes
    /// - `distances`: `[B, B]`
    ///
    /// # Panics
    /// If the masks are not of the same batch.
    pub fn mine_tensors(&self, distances: Tensor<2>, masks: &PairMasks) -> PairCounts {
        let distances = distances.without_autodiff();
        let [batch, _] = distances.dims();
        assert_eq!(masks.positives.dims(), [batch, batch], "masks of the batch");
        let anchors_at_once = (LARGEST_INTERMEDIATE / (batch * batch).max(1)).max(1);
        let (mut positives, mut negatives) = (Vec::new(), Vec::new());
        for start in (0..batch).step_by(anchors_at_once) {
            let rows = |tensor: &Tensor<2>| {
                tensor
                    .clone()
                    .narrow(0, start, anchors_at_once.min(batch - start))
            };
            let distances = rows(&distances);
            // [anchor, positive, negative]
            let violation =
                distances.clone().unsqueeze_dim::<3>(1) - distances.unsqueeze_dim::<3>(2);
            let triplets = self.mined(violation)
                * rows(&masks.positives).unsqueeze_dim(2)
                * rows(&masks.negatives).unsqueeze_dim(1);
            positives.push(triplets.clone().sum_dim(2).squeeze_dim(2));
            negatives.push(triplets.sum_dim(1).squeeze_dim(1));
        }
        PairCounts {
            positives: Tensor::cat(positives, 0),
            negatives: Tensor::cat(negatives, 0),
        }
    }

    /// 1 where the violation `d_an − d_ap` is mined, else 0.
    fn mined(&self, violation: Tensor<3>) -> Tensor<3> {
        let margin = self.margin;
        let within = |m: Tensor<3>| {
            if self.active_only {
                m.lower_elem(margin)
            } else {
                m.lower_equal_elem(margin)
            }
        };
        match (self.kind, self.active_only) {
            (TripletType::All, _) | (TripletType::None, true) => within(violation).float(),
            (TripletType::Hard, _) => within(violation.clone())
                .bool_and(violation.lower_equal_elem(0.0))
                .float(),
            (TripletType::Semihard, _) => within(violation.clone())
                .bool_and(violation.greater_elem(0.0))
                .float(),
            (TripletType::Easy, false) => violation.greater_elem(margin).float(),
            (TripletType::Easy, true) => violation.zeros_like(),
            (TripletType::None, false) => violation.ones_like(),
        }
    }
}

/// Numbers of a tensor of triplets: those of a batch of 256. It takes 64 MiB, half of what some graphics interfaces let a
/// kernel see at once.
const LARGEST_INTERMEDIATE: usize = 1 << 24;

/// Distances that one task looks at; a batch of 64 is not worth a second thread.
const TASK: usize = 1 << 14;

fn count<R: PairRelation + Sync + ?Sized>(
    distances: &[f32],
    relation: &R,
    mined: impl Fn(f32) -> bool + Sync,
) -> MinedPairs {
    let batch = relation.batch();
    assert_eq!(distances.len(), batch * batch, "distances must be [B, B]");
    let mut pairs = MinedPairs::none(batch);
    let anchors_of_task = (TASK / batch.max(1)).max(1);
    let rows = (anchors_of_task * batch).max(1);
    pairs.triplets = pairs
        .positives
        .par_chunks_mut(rows)
        .zip(pairs.negatives.par_chunks_mut(rows))
        .zip(distances.par_chunks(rows))
        .enumerate()
        .map(|(task, ((positives, negatives), distances))| {
            let mut anchors = Anchors::default();
            let rows = positives
                .chunks_exact_mut(batch)
                .zip(negatives.chunks_exact_mut(batch));
            rows.zip(distances.chunks_exact(batch))
                .enumerate()
                .map(|(row, ((positives, negatives), distances))| {
                    let anchor = task * anchors_of_task + row;
                    anchors.count(anchor, distances, relation, &mined, positives, negatives)
                })
                .sum::<u64>()
        })
        .sum();
    pairs
}

/// The samples that one anchor after the other meets.
#[derive(Default)]
struct Anchors {
    positives: Vec<usize>,
    negatives: Vec<usize>,
    negative_distances: Vec<f32>,
    negative_counts: Vec<u32>,
}

impl Anchors {
    /// Counts an anchor's triplets, by positive and by negative; returns how many there are.
    fn count<R: PairRelation + ?Sized>(
        &mut self,
        anchor: usize,
        distances: &[f32],
        relation: &R,
        mined: impl Fn(f32) -> bool,
        by_positive: &mut [f32],
        by_negative: &mut [f32],
    ) -> u64 {
        self.positives.clear();
        self.negatives.clear();
        for other in 0..distances.len() {
            match relation.between(anchor, other) {
                Relation::Positive => self.positives.push(other),
                Relation::Negative => self.negatives.push(other),
                Relation::Neither => {}
            }
        }
        self.negative_distances.clear();
        self.negative_distances
            .extend(self.negatives.iter().map(|&n| distances[n]));
        self.negative_counts.clear();
        self.negative_counts.resize(self.negatives.len(), 0);
        let mut triplets = 0;
        for &positive in &self.positives {
            let to_positive = distances[positive];
            let mut hits = 0_u32;
            for (count, &to_negative) in self
                .negative_counts
                .iter_mut()
                .zip(&self.negative_distances)
            {
                let hit = u32::from(mined(to_negative - to_positive));
                *count += hit;
                hits += hit;
            }
            by_positive[positive] = hits as f32;
            triplets += u64::from(hits);
        }
        for (&negative, &count) in self.negatives.iter().zip(&self.negative_counts) {
            by_negative[negative] = count as f32;
        }
        triplets
    }
}
