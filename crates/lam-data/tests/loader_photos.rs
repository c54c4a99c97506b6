//! Batches of photographs.
use std::sync::Arc;

use crate::common::pictures::{encoded_png, pattern};
use lam_data::{
    Augmentation, Batch, DataError, Dataset, Loader, Normalise, Photo, PhotoDataset, PhotoSource,
    Views,
};
use proptest::prelude::*;

/// Photographs of different sizes; those at `broken` cannot be decoded.
fn photographs(count: usize, broken: &[usize]) -> Arc<PhotoDataset> {
    let photo = |index: usize| {
        let mut bytes = encoded_png(&pattern(10 + index % 7, 9 + index % 5, index));
        if broken.contains(&index) {
            bytes.truncate(bytes.len() / 2);
        }
        Photo {
            source: PhotoSource::bytes(format!("photo {index}"), bytes),
            label: index as u32 % 2,
        }
    };
    let names = vec!["even".to_owned(), "odd".to_owned()];
    let photos = (0..count).map(photo).collect();
    Arc::new(PhotoDataset::new("photographs", names, photos, Views::retrieval(8)).unwrap())
}

fn batches(loader: Loader) -> Vec<Batch> {
    loader.map(Result::unwrap).collect()
}

#[test]
fn images_are_seen_as_in_training_when_shuffled_and_plainly_otherwise() {
    let set = photographs(9, &[]);
    let numel = set.shape().numel();
    let expected = |index: usize, occasion: Option<(u64, u64)>| {
        let mut image = vec![0.0; numel];
        match occasion {
            Some(occasion) => set.read_for_training(index, occasion, &mut image),
            None => set.read(index, &mut image),
        }
        .unwrap();
        Normalise::imagenet()
            .apply(&mut image, set.shape())
            .unwrap();
        image
    };
    for occasion in [None, Some((5, 2))] {
        let mut builder = Loader::builder(set.clone()).batch_size(4);
        if let Some((seed, epoch)) = occasion {
            builder = builder.shuffle(seed, epoch);
        }
        let mut seen = 0;
        for batch in batches(builder.build().unwrap()) {
            for (image, &index) in batch.images.chunks_exact(numel).zip(&batch.indices) {
                assert_eq!(image, expected(index, occasion), "{index}");
                seen += 1;
            }
        }
        assert_eq!(seen, 9);
    }
}

#[test]
fn unreadable_images_are_left_out_and_counted_once() {
    let set = photographs(40, &[3, 17, 39]);
    let mut first_epoch = Vec::new();
    for epoch in 0..3 {
        let loader = Loader::builder(set.clone()).batch_size(8).shuffle(1, epoch);
        let mut loader = loader.build().unwrap();
        let (mut indices, mut batches) = (Vec::new(), 0);
        for batch in loader.by_ref() {
            let batch = batch.unwrap();
            assert_eq!(batch.images.len(), batch.len() * set.shape().numel());
            assert_eq!(batch.labels.len(), batch.indices.len());
            for (&index, &label) in batch.indices.iter().zip(&batch.labels) {
                assert_eq!(label, index as u32 % 2);
            }
            indices.extend(batch.indices);
            batches += 1;
        }
        assert_eq!(batches, 5);
        indices.sort_unstable();
        let expected: Vec<usize> = (0..40)
            .filter(|index| ![3, 17, 39].contains(index))
            .collect();
        assert_eq!(indices, expected);
        let unreadable = loader.unreadable();
        assert_eq!(unreadable.len(), 3);
        assert_eq!(unreadable[1].image, "photo 17");
        assert!(unreadable[1].reason.contains("cut off"), "{unreadable:?}");
        first_epoch.push(unreadable);
    }
    assert_eq!(first_epoch[0], first_epoch[2]);
}

#[test]
fn too_many_unreadable_images_are_an_error() {
    for prefetch in [0, 2] {
        let set = photographs(40, &[0, 1, 2, 13, 14, 15]);
        let loader = Loader::builder(set).batch_size(10).prefetch(prefetch);
        let results: Vec<_> = loader.build().unwrap().collect();
        assert_eq!(results.len(), 2);
        assert_eq!(results[0].as_ref().unwrap().len(), 7);
        let error = results[1].as_ref().unwrap_err();
        assert!(matches!(
            error,
            DataError::TooManyUnreadable {
                found: 6,
                total: 40,
                tolerated: 5,
                ..
            }
        ));
        assert!(error.to_string().contains("photo 13"), "{error}");
    }
}

#[test]
fn a_batch_of_which_none_is_left_is_passed_over() {
    let set = photographs(40, &[4, 5, 39]);
    for prefetch in [0, 1] {
        let loader = Loader::builder(set.clone())
            .batch_size(2)
            .prefetch(prefetch);
        let batches = batches(loader.build().unwrap());
        assert_eq!(batches.len(), 19);
        assert!(batches.iter().all(|batch| !batch.is_empty()));
        assert_eq!(batches[2].indices, [6, 7]);
        assert_eq!(batches[18].indices, [38]);
    }
}

#[test]
fn augmentation_comes_on_top_of_the_training_view() {
    let set = photographs(12, &[]);
    let load = |augmentation| {
        let loader = Loader::builder(set.clone())
            .batch_size(12)
            .shuffle(3, 1)
            .augment(augmentation);
        batches(loader.build().unwrap()).remove(0)
    };
    let (plain, erased) = (
        load(Augmentation::default()),
        load(Augmentation::new(false, 0, 1.0).unwrap()),
    );
    assert_eq!(plain.indices, erased.indices);
    assert_ne!(plain.images, erased.images);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// The images of an epoch do not depend on batches, reading ahead or threads.
    #[test]
    fn epochs_are_the_same_however_they_are_read(batch_size in 1..12_usize, prefetch in 0..3_usize, seed: u64, broken in 0..30_usize) {
        let load = |batch_size, prefetch| {
            let set = photographs(30, &[broken]);
            let loader = Loader::builder(set).batch_size(batch_size).prefetch(prefetch).shuffle(seed, 1);
            let (mut indices, mut images) = (Vec::new(), Vec::new());
            for batch in batches(loader.build().unwrap()) {
                indices.extend(batch.indices);
                images.extend(batch.images);
            }
            (indices, images)
        };
        prop_assert_eq!(load(batch_size, prefetch), load(1, 0));
    }
}
