//! Triplets of places against the golden case, against the list of all triplets, and their invariants.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::{device, golden, values};
use burn::tensor::{Tensor, TensorData};
use lam_model::distance::Distance;
use lam_model::miner::{
    MinedPairs, PairRelation, PlaceRelation, PlaceThresholds, QueryDatabaseSplit, Relation,
    TripletMiner, TripletType,
};
use lam_model::{ModelError, normalise};
use proptest::prelude::*;
use safetensors::SafeTensors;

fn thresholds() -> PlaceThresholds {
    PlaceThresholds::new(10.0, 25.0).unwrap()
}

/// The counts that a list of triplets amounts to.
fn counted(triplets: &[[usize; 3]], batch: usize) -> (Vec<f32>, Vec<f32>) {
    let mut positives = vec![0.0; batch * batch];
    let mut negatives = vec![0.0; batch * batch];
    for &[a, p, n] in triplets {
        positives[a * batch + p] += 1.0;
        negatives[a * batch + n] += 1.0;
    }
    (positives, negatives)
}

fn assert_counts(mined: &MinedPairs, triplets: &[[usize; 3]], batch: usize) {
    let (positives, negatives) = counted(triplets, batch);
    assert_eq!(mined.triplets as usize, triplets.len());
    assert_eq!(mined.positives, positives);
    assert_eq!(mined.negatives, negatives);
}

/// The golden triplets number the references from 0.
#[test]
fn golden_split_triplets() {
    let bytes = golden("place");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (shape, embeddings) = values(&file, "embeddings");
    let batch = shape[0];
    let z: Vec<f32> = embeddings.iter().map(|&v| v as f32).collect();
    let z = Tensor::<2>::from_data(TensorData::new(z, [batch, shape[1]]), &device());
    let distances = Distance::Euclidean.pairwise(normalise(z));
    let distances = distances.into_data().try_into_vec::<f32>().unwrap();
    let utm = values(&file, "utm").1;
    let positions: Vec<[f64; 2]> = utm.chunks(2).map(|at| [at[0], at[1]]).collect();
    let (shape, listed) = values(&file, "triplets.split");
    let count = shape[1];
    let triplets: Vec<[usize; 3]> = (0..count)
        .map(|t| {
            let [a, p, n] = [0, 1, 2].map(|row| listed[row * count + t] as usize);
            [a, batch / 2 + p, batch / 2 + n]
        })
        .collect();
    assert!(!triplets.is_empty());
    let places = PlaceRelation::new(positions.to_vec(), vec![], thresholds()).unwrap();
    let mined =
        TripletMiner::new(TripletType::All, 0.7).mine(&distances, &QueryDatabaseSplit(&places));
    assert_counts(&mined, &triplets, batch);
}

#[derive(Debug, Clone)]
struct Batch {
    positions: Vec<[f64; 2]>,
    headings: Vec<f64>,
    /// `[B, B]`, no symmetry asked for.
    distances: Vec<f32>,
}

impl Batch {
    fn size(&self) -> usize {
        self.positions.len()
    }

    fn relation(&self, heading: bool) -> PlaceRelation {
        let thresholds = if heading {
            thresholds().with_heading_within(22.5).unwrap()
        } else {
            thresholds()
        };
        PlaceRelation::new(self.positions.clone(), self.headings.clone(), thresholds).unwrap()
    }

    /// Sample `i` of the result is sample `order[i]` of this batch.
    fn reordered(&self, order: &[usize]) -> Self {
        let distances = order.iter().flat_map(|&a| {
            order
                .iter()
                .map(move |&b| self.distances[a * self.size() + b])
        });
        Self {
            positions: order.iter().map(|&i| self.positions[i]).collect(),
            headings: order.iter().map(|&i| self.headings[i]).collect(),
            distances: distances.collect(),
        }
    }

    /// All triplets by the definition, written without the crate's own.
    fn triplets(&self, heading: bool, split: bool, mined: impl Fn(f32) -> bool) -> Vec<[usize; 3]> {
        let size = self.size();
        let metres = |a: usize, b: usize| {
            let (p, q) = (self.positions[a], self.positions[b]);
            (p[0] - q[0]).hypot(p[1] - q[1])
        };
        let degrees = |a: usize, b: usize| {
            let turn = (self.headings[a] - self.headings[b]).to_radians();
            turn.sin().atan2(turn.cos()).abs().to_degrees()
        };
        let allowed = |a: usize, b: usize| !split || (a < size / 2 && b >= size / 2);
        let mut triplets = vec![];
        for a in 0..size {
            for p in (0..size).filter(|&p| p != a && allowed(a, p)) {
                if metres(a, p) >= 10.0 || (heading && degrees(a, p) >= 22.5) {
                    continue;
                }
                for n in (0..size).filter(|&n| allowed(a, n) && metres(a, n) > 25.0) {
                    if mined(self.distances[a * size + n] - self.distances[a * size + p]) {
                        triplets.push([a, p, n]);
                    }
                }
            }
        }
        triplets
    }
}

fn batch() -> impl Strategy<Value = Batch> {
    // Whole metres, so that 10 and 25 occur exactly (6-8-10, 7-24-25); whole degrees never differ by 22.5.
    let sample = ((0..40_i32, 0..40_i32), -400..400_i32);
    prop::collection::vec(sample, 0..24).prop_flat_map(|samples| {
        let size = samples.len();
        prop::collection::vec(0.0..2.0_f32, size * size).prop_map(move |distances| Batch {
            positions: samples
                .iter()
                .map(|&((x, y), _)| [f64::from(x), f64::from(y)])
                .collect(),
            headings: samples.iter().map(|&(_, h)| f64::from(h)).collect(),
            distances,
        })
    })
}

fn mine(batch: &Batch, heading: bool, split: bool, kind: TripletType) -> MinedPairs {
    let miner = TripletMiner::new(kind, 0.7);
    let relation = batch.relation(heading);
    if split {
        miner.mine(&batch.distances, &QueryDatabaseSplit(&relation))
    } else {
        miner.mine(&batch.distances, &relation)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn equals_the_list_of_triplets(batch in batch(), heading: bool, split: bool, kind in 0..4_usize) {
        let (kind, mined): (_, fn(f32) -> bool) = [
            (TripletType::All, (|m| m <= 0.7) as fn(f32) -> bool),
            (TripletType::Hard, |m| m <= 0.0),
            (TripletType::Semihard, |m| m > 0.0 && m <= 0.7),
            (TripletType::None, |_| true),
        ][kind];
        let found = mine(&batch, heading, split, kind);
        assert_counts(&found, &batch.triplets(heading, split, mined), batch.size());
    }

    /// Within the queries and within the references, the order has no say.
    #[test]
    fn order_within_the_halves_does_not_matter(batch in batch(), turn in 0..20_usize, heading: bool) {
        let size = batch.size();
        let mut order: Vec<usize> = (0..size).collect();
        let (queries, references) = order.split_at_mut(size / 2);
        if !queries.is_empty() {
            queries.rotate_left(turn % queries.len());
        }
        references.reverse();
        let found = mine(&batch.reordered(&order), heading, true, TripletType::All);
        let straight = mine(&batch, heading, true, TripletType::All);
        prop_assert_eq!(found.triplets, straight.triplets);
        for (i, &a) in order.iter().enumerate() {
            for (j, &b) in order.iter().enumerate() {
                prop_assert_eq!(found.positives[i * size + j], straight.positives[a * size + b]);
                prop_assert_eq!(found.negatives[i * size + j], straight.negatives[a * size + b]);
            }
        }
        // References are no anchors, and queries are nobody's positive or negative.
        for a in 0..size {
            for b in 0..size {
                if a >= size / 2 || b < size / 2 {
                    prop_assert_eq!(straight.positives[a * size + b], 0.0);
                    prop_assert_eq!(straight.negatives[a * size + b], 0.0);
                }
            }
        }
    }
}

#[test]
fn thresholds_are_strict_and_a_ring_takes_no_part() {
    let positions = [[0.0, 0.0], [6.0, 8.0], [6.0, 7.9], [7.0, 24.0], [7.0, 24.1]];
    let places = PlaceRelation::new(positions.to_vec(), vec![], thresholds()).unwrap();
    let relations = [0, 1, 2, 3, 4].map(|other| places.between(0, other));
    use Relation::{Negative, Neither, Positive};
    assert_eq!(relations, [Neither, Neither, Positive, Neither, Negative]);
}

#[test]
fn headings_wrap_around_and_make_no_negatives() {
    let positions = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [100.0, 0.0]];
    let headings = [350.0, 12.4, 12.5, 350.0];
    let places = PlaceRelation::new(
        positions.to_vec(),
        headings.to_vec(),
        thresholds().with_heading_within(22.5).unwrap(),
    )
    .unwrap();
    let relations = [1, 2, 3].map(|other| places.between(0, other));
    use Relation::{Negative, Neither, Positive};
    assert_eq!(relations, [Positive, Neither, Negative]);
}

/// Labels can be split, too.
#[test]
fn any_relation_can_be_split() {
    let labels = [1_u32, 2, 1, 2];
    let split = QueryDatabaseSplit(&labels[..]);
    let row = |anchor| [0, 1, 2, 3].map(|other| split.between(anchor, other));
    use Relation::{Negative, Neither, Positive};
    assert_eq!(row(0), [Neither, Neither, Positive, Negative]);
    assert_eq!(row(1), [Neither, Neither, Negative, Positive]);
    assert_eq!(row(2), [Neither; 4]);
}

#[test]
fn wrong_input_is_named() {
    for (positive, negative) in [
        (0.0, 25.0),
        (26.0, 25.0),
        (10.0, f64::INFINITY),
        (f64::NAN, 25.0),
    ] {
        let error = PlaceThresholds::new(positive, negative).unwrap_err();
        assert!(error.to_string().contains("posDistThr"), "{error}");
    }
    for degrees in [0.0, -1.0, 181.0, f64::NAN] {
        let error = thresholds().with_heading_within(degrees).unwrap_err();
        assert!(error.to_string().contains("180"), "{error}");
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for at in [[bad, 0.0], [0.0, bad]] {
            let positions = [[0.0, 0.0], at];
            let error = PlaceRelation::new(positions.to_vec(), vec![], thresholds()).unwrap_err();
            assert!(matches!(
                error,
                ModelError::NotFinite {
                    what: "position",
                    sample: 1
                }
            ));
        }
        let facing = thresholds().with_heading_within(22.5).unwrap();
        let error = PlaceRelation::new(vec![[0.0; 2]], vec![bad], facing).unwrap_err();
        assert!(matches!(
            error,
            ModelError::NotFinite {
                what: "heading",
                sample: 0
            }
        ));
        let error = PlaceRelation::new(vec![[0.0; 2]], vec![], facing).unwrap_err();
        assert!(matches!(
            error,
            ModelError::Headings {
                places: 1,
                headings: 0
            }
        ));
    }
}
