//! Triplets (anchor, positive, negative) chosen by how well their distances are ordered.

use std::str::FromStr;

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
    pub fn mine<R: PairRelation + ?Sized>(&self, distances: &[f32], relation: &R) -> MinedPairs {
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

fn count<R: PairRelation + ?Sized>(
    distances: &[f32],
    relation: &R,
    mined: impl Fn(f32) -> bool,
) -> MinedPairs {
    let batch = relation.batch();
    assert_eq!(distances.len(), batch * batch, "distances must be [B, B]");
    let mut pairs = MinedPairs::none(batch);
    let (mut positives, mut negatives) = (Vec::new(), Vec::new());
    let (mut negative_distances, mut negative_counts) = (Vec::<f32>::new(), Vec::<u32>::new());
    for anchor in 0..batch {
        positives.clear();
        negatives.clear();
        for other in 0..batch {
            match relation.between(anchor, other) {
                Relation::Positive => positives.push(other),
                Relation::Negative => negatives.push(other),
                Relation::Neither => {}
            }
        }
        let row = &distances[anchor * batch..][..batch];
        negative_distances.clear();
        negative_distances.extend(negatives.iter().map(|&n| row[n]));
        negative_counts.clear();
        negative_counts.resize(negatives.len(), 0);
        for &positive in &positives {
            let to_positive = row[positive];
            let mut hits = 0_u32;
            for (count, &to_negative) in negative_counts.iter_mut().zip(&negative_distances) {
                let hit = u32::from(mined(to_negative - to_positive));
                *count += hit;
                hits += hit;
            }
            pairs.positives[anchor * batch + positive] = hits as f32;
            pairs.triplets += u64::from(hits);
        }
        for (&negative, &count) in negatives.iter().zip(&negative_counts) {
            pairs.negatives[anchor * batch + negative] = count as f32;
        }
    }
    pairs
}
