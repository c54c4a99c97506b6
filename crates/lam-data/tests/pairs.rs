//! Queries with their references, and images given as features.
use std::path::Path;
use std::sync::Arc;

use lam_data::places::Positives;
use lam_data::{DataError, Dataset, Features, ImageShape, Loader, MemoryDataset, Normalise, Pairs};
use proptest::prelude::*;

/// Images of one pixel whose value is their number.
fn numbered(labels: &[u32], classes: usize) -> Arc<dyn Dataset> {
    let names: Vec<String> = (0..classes).map(|class| class.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let pixels = (0..labels.len() as u8).collect();
    let shape = ImageShape::new(1, 1, 1);
    let set = MemoryDataset::new(
        "numbered",
        shape,
        &names,
        labels.to_vec(),
        pixels,
        Path::new("test"),
    );
    Arc::new(
        set.unwrap()
            .normalised(Normalise::new(&[0.0], &[1.0 / 255.0]).unwrap()),
    )
}

fn of_same_label(labels: &[u32]) -> Pairs {
    let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
    let images = numbered(labels, classes);
    let positives = Positives::of_same_label(labels).unwrap();
    Pairs::new(Arc::clone(&images), images, positives).unwrap()
}

#[test]
fn positives_of_the_same_label_are_the_others() {
    let positives = Positives::of_same_label(&[1, 0, 1, 1, 2]).unwrap();
    let all: Vec<_> = positives.iter().map(<[u32]>::to_vec).collect();
    assert_eq!(all, [vec![2, 3], vec![], vec![0, 3], vec![0, 2], vec![]]);
    assert_eq!(positives.without(&[2]).of(2), &[] as &[u32]);
    assert_eq!(positives.without(&[2]).of(3), [0, 2]);
    let listed = Positives::listed(all.into_iter().map(|mut list| {
        list.reverse();
        list
    }));
    assert_eq!(listed.unwrap(), positives);
}

/// Through the loader: both images of a pair, normalised, and only queries that have a partner.
#[test]
fn a_batch_of_pairs() {
    let pairs = Arc::new(of_same_label(&[0, 1, 0, 2, 1, 1]));
    assert_eq!((pairs.len(), pairs.shape()), (5, ImageShape::new(2, 1, 1)));
    assert_eq!(pairs.labels(), [0, 1, 0, 1, 1]);
    let occasion = (7, 3);
    let loader = Loader::builder(Arc::clone(&pairs) as Arc<dyn Dataset>).batch_size(5);
    let batch = loader
        .shuffle(occasion.0, occasion.1)
        .build()
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    for (&index, images) in batch.indices.iter().zip(batch.images.chunks_exact(2)) {
        let (query, reference) = pairs.members(index, occasion).unwrap();
        assert_eq!(images, [query as f32, reference as f32]);
    }
    assert!(matches!(
        pairs.members(5, occasion),
        Err(DataError::IndexOutOfRange { .. })
    ));
}

#[test]
fn what_cannot_be_paired() {
    let labels = [0, 1, 2];
    let images = numbered(&labels, 3);
    let alone = Positives::of_same_label(&labels).unwrap();
    let refused = Pairs::new(Arc::clone(&images), Arc::clone(&images), alone);
    assert!(matches!(refused.err(), Some(DataError::EmptySet { .. })));
    let fewer = Positives::of_same_label(&[0, 0]).unwrap();
    let refused = Pairs::new(Arc::clone(&images), images, fewer);
    assert!(matches!(
        refused.err(),
        Some(DataError::InvalidArgument { .. })
    ));
}

proptest! {
    #[test]
    fn the_two_of_a_pair_show_the_same_and_are_two(
        labels in prop::collection::vec(0u32..3, 4..30), seed: u64, epoch in 0u64..5,
    ) {
        prop_assume!((0..3).all(|class| labels.iter().filter(|&&label| label == class).count() > 1));
        let pairs = of_same_label(&labels);
        prop_assert_eq!(pairs.len(), labels.len());
        for index in 0..pairs.len() {
            let (query, reference) = pairs.members(index, (seed, epoch)).unwrap();
            prop_assert_ne!(query, reference);
            prop_assert_eq!(labels[query], labels[reference]);
            prop_assert_eq!(pairs.members(index, (seed, epoch)).unwrap(), (query, reference));
        }
    }
}

#[test]
fn features_stand_for_images() {
    let images = numbered(&[0, 1], 2);
    let features =
        Features::new(Arc::clone(&images), vec![1.5, -2.0, 0.0, 4.0, 5.0, 6.0], 3).unwrap();
    assert_eq!(features.shape(), ImageShape::new(3, 1, 1));
    let mut row = [0.0; 3];
    features.read(1, &mut row).unwrap();
    assert_eq!(row, [4.0, 5.0, 6.0]);
    assert!(features.read(2, &mut row).is_err() && features.read(0, &mut [0.0]).is_err());
    assert!(features.normalisation().is_none());
    assert_eq!(features.pictures().unwrap().shape(), images.shape());
    assert!(Features::new(images, vec![0.0; 5], 3).is_err());
}
