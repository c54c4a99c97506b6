//! Triplets (anchor, positive, negative) chosen by how well their distances are ordered.

use std::str::FromStr;

use rayon::prelude::*;

use super::{MinedPairs, PairRelation, Relation};
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
}

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
