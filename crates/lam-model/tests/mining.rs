//! Mining by tensor operations against the miner on the host.
#![allow(clippy::unwrap_used, missing_docs)]

use burn::tensor::{Tensor, TensorData};
use lam_model::miner::{
    PairMasks, PairRelation, PlaceRelation, PlaceThresholds, QueryDatabaseSplit, TripletMiner,
    TripletType,
};
use proptest::prelude::*;

use crate::common::{device, host};

const KINDS: [TripletType; 5] = [
    TripletType::All,
    TripletType::Hard,
    TripletType::Semihard,
    TripletType::Easy,
    TripletType::None,
];

/// Both ways of mining count the same, for every kind of triplet.
fn assert_same<R: PairRelation + Sync + ?Sized>(distances: &[f32], relation: &R) {
    let batch = relation.batch();
    let data = TensorData::new(distances.to_vec(), [batch, batch]);
    let tensor = Tensor::<2>::from_data(data, &device());
    let masks = relation.masks(&device());
    for kind in KINDS {
        let plain = TripletMiner::new(kind, 0.7);
        for miner in [plain, plain.active_only()] {
            let expected = miner.mine(distances, relation);
            let counts = miner.mine_tensors(tensor.clone(), &masks);
            assert_eq!(
                host(counts.positives.clone()),
                expected.positives,
                "{kind:?}"
            );
            assert_eq!(
                host(counts.negatives.clone()),
                expected.negatives,
                "{kind:?}"
            );
            assert_eq!(
                host(counts.triplets()),
                [expected.triplets as f32],
                "{kind:?}"
            );
        }
    }
}

prop_compose! {
    /// Distances in quarters, so that margins are met exactly too, and so many of something.
    fn batches()(batch in 1_usize..12)(
        distances in prop::collection::vec((0_u8..9).prop_map(|d| f32::from(d) * 0.35), batch * batch),
        labels in prop::collection::vec(0_u32..4, batch),
        positions in prop::collection::vec([0.0..60.0_f64, 0.0..60.0_f64], batch),
    ) -> (Vec<f32>, Vec<u32>, Vec<[f64; 2]>) {
        (distances, labels, positions)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn by_labels((distances, labels, _) in batches()) {
        assert_same(&distances, &labels[..]);
    }

    #[test]
    fn by_places((distances, _, positions) in batches()) {
        let thresholds = PlaceThresholds::new(10.0, 25.0).unwrap();
        let places = PlaceRelation::new(positions, Vec::new(), thresholds).unwrap();
        assert_same(&distances, &places);
        assert_same(&distances, &QueryDatabaseSplit(&places));
    }
}

#[test]
fn labels_and_their_table_are_the_same_masks() {
    let labels = [3, u32::MAX, 3, 0, u32::MAX, 7];
    let of_labels = PairMasks::of_labels(&labels, &device());
    let table = PairMasks::tabulate(&labels[..], &device());
    assert_eq!(host(of_labels.positives), host(table.positives));
    assert_eq!(host(of_labels.negatives), host(table.negatives));
}

/// A batch whose triplets do not fit into one intermediate tensor.
#[test]
fn anchors_in_several_pieces() {
    let batch = 420;
    let labels: Vec<u32> = (0..batch).map(|i| (i * i % 7) as u32).collect();
    let distances: Vec<f32> = (0..batch * batch)
        .map(|i| ((i * 7919) % 1009) as f32 / 500.0)
        .collect();
    assert_same(&distances, &labels[..]);
}
