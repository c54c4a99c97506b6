//! Photographs decoded when they are asked for.
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use crate::common::pictures::{encoded_png, file, pattern};
use lam_data::{
    DataError, Dataset, DecodeLimits, ImageFault, Normalise, Photo, PhotoDataset, PhotoSource,
    Subset, Views,
};
use proptest::prelude::*;

fn in_memory(name: &str, bytes: Vec<u8>, label: u32) -> Photo {
    Photo {
        source: PhotoSource::bytes(name, bytes),
        label,
    }
}

fn on_disk(path: &Path, label: u32) -> Photo {
    Photo {
        source: PhotoSource::File(path.into()),
        label,
    }
}

fn names(classes: usize) -> Vec<String> {
    (0..classes).map(|class| format!("class {class}")).collect()
}

fn patterns(count: usize, views: Views) -> PhotoDataset {
    let photos = (0..count)
        .map(|i| {
            in_memory(
                &format!("photo {i}"),
                encoded_png(&pattern(30 + i, 25, i)),
                i as u32 % 2,
            )
        })
        .collect();
    PhotoDataset::new("patterns", names(2), photos, views).unwrap()
}

fn read(set: &dyn Dataset, index: usize) -> Result<Vec<f32>, DataError> {
    let mut image = vec![f32::NAN; set.shape().numel()];
    set.read(index, &mut image).map(|()| image)
}

fn read_for_training(set: &dyn Dataset, index: usize, occasion: (u64, u64)) -> Vec<f32> {
    let mut image = vec![f32::NAN; set.shape().numel()];
    set.read_for_training(index, occasion, &mut image).unwrap();
    image
}

#[test]
fn a_data_set_of_files_and_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    fs::write(&path, file(&"420.jpg".into())).unwrap();
    let bytes = [
        b"before".to_vec(),
        file(&"rgb.png".into()),
        b"after".to_vec(),
    ]
    .concat();
    let range = 6..bytes.len() - 5;
    let within = Photo {
        source: PhotoSource::Bytes {
            name: "row 7".to_owned(),
            bytes: bytes.into(),
            range,
        },
        label: 1,
    };
    let photos = vec![on_disk(&path, 0), within];
    let set = PhotoDataset::new("two", names(2), photos, Views::retrieval(24)).unwrap();
    assert_eq!(
        (set.name(), set.len(), set.labels()),
        ("two", 2, [0, 1].as_slice())
    );
    assert_eq!(set.shape().to_string(), "3×24×24");
    assert_eq!(set.normalisation(), Some(&Normalise::imagenet()));
    assert_eq!(set.source(0), path.display().to_string());
    assert_eq!(set.source(1), "row 7");
    let (jpeg, png) = (read(&set, 0).unwrap(), read(&set, 1).unwrap());
    assert!(
        jpeg.iter()
            .chain(&png)
            .all(|value| (0.0..=1.0).contains(value))
    );
    // The same photograph, one of them with losses.
    let mean: f32 = jpeg
        .iter()
        .zip(&png)
        .map(|(a, b)| (a - b).abs())
        .sum::<f32>()
        / jpeg.len() as f32;
    assert!(mean > 0.0 && mean < 0.1, "{mean}");
    assert!(matches!(
        read(&set, 2),
        Err(DataError::IndexOutOfRange {
            index: 2,
            len: 2,
            ..
        })
    ));
    assert!(matches!(
        set.read(0, &mut [0.0; 5]),
        Err(DataError::WrongBuffer { .. })
    ));
    assert_eq!(set.unreadable().unwrap().count(), 0);
}

#[test]
fn sets_that_cannot_be() {
    let png = || encoded_png(&pattern(4, 4, 0));
    let set = |classes, photos| {
        PhotoDataset::new("set", names(classes), photos, Views::small(4)).unwrap_err()
    };
    assert!(matches!(set(1, Vec::new()), DataError::EmptySet { .. }));
    let error = set(1, vec![in_memory("a", png(), 1)]);
    assert!(matches!(
        error,
        DataError::LabelOutOfRange {
            label: 1,
            classes: 1,
            ..
        }
    ));
    let error = set(2, vec![in_memory("a", png(), 0)]);
    assert!(matches!(error, DataError::EmptyClass { class: 1, .. }));
}

#[test]
fn unreadable_images_are_named_and_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty.jpg"), b"").unwrap();
    fs::write(path("text.png"), b"not an image").unwrap();
    let jpeg = file(&"444.jpg".into());
    fs::write(path("cut.jpg"), &jpeg[..jpeg.len() / 2]).unwrap();
    fs::write(path("good.jpg"), &jpeg).unwrap();
    fs::create_dir(path("folder.jpg")).unwrap();
    let files = [
        "empty.jpg",
        "text.png",
        "cut.jpg",
        "missing.jpg",
        "folder.jpg",
        "good.jpg",
    ];
    let photos = files.iter().map(|name| on_disk(&path(name), 0)).collect();
    let set = PhotoDataset::new("set", names(1), photos, Views::small(8)).unwrap();
    let expected = [
        "0 bytes",
        "not an image",
        "cut off",
        "cannot be opened",
        "cannot be opened",
    ];
    for round in 0..2 {
        for (index, expected) in expected.iter().enumerate() {
            let error = read(&set, index).unwrap_err();
            assert!(
                matches!(error, DataError::UnreadableImage { .. }),
                "{error:?}"
            );
            let text = error.to_string();
            assert!(
                text.contains(files[index]) && text.contains(expected),
                "{round}: {text}"
            );
        }
    }
    assert!(read(&set, 5).is_ok());
    let unreadable = set.unreadable().unwrap();
    let indices: Vec<usize> = unreadable
        .images()
        .iter()
        .map(|image| image.index)
        .collect();
    assert_eq!(indices, [0, 1, 2, 3, 4]);
    assert_eq!(
        unreadable.images()[0].image,
        path("empty.jpg").display().to_string()
    );
    assert!(unreadable.check().is_err());
}

#[test]
fn files_larger_than_the_limit_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let png = encoded_png(&pattern(8, 8, 0));
    fs::write(&path, &png).unwrap();
    let mut views = Views::small(8);
    views.limits = DecodeLimits {
        bytes: png.len() as u64 - 1,
        ..DecodeLimits::default()
    };
    let set = PhotoDataset::new("set", names(1), vec![on_disk(&path, 0)], views).unwrap();
    let error = read(&set, 0).unwrap_err();
    assert!(
        matches!(
            error,
            DataError::UnreadableImage {
                fault: ImageFault::TooManyBytes { .. },
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn threads_read_the_same() {
    let set = Arc::new(patterns(6, Views::retrieval(20)));
    let alone: Vec<Vec<f32>> = (0..6)
        .map(|index| read_for_training(&*set, index, (1, 2)))
        .collect();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let set = Arc::clone(&set);
            thread::spawn(move || {
                (0..6)
                    .map(|index| read_for_training(&*set, index, (1, 2)))
                    .collect()
            })
        })
        .collect();
    for thread in threads {
        let found: Vec<Vec<f32>> = thread.join().unwrap();
        assert_eq!(found, alone);
    }
}

#[test]
fn a_subset_sees_what_the_whole_sees() {
    let set = Arc::new(patterns(6, Views::retrieval(20)));
    let subset = Subset::new(Arc::clone(&set) as Arc<dyn Dataset>, vec![4, 1]).unwrap();
    let (seen, whole) = (
        read_for_training(&subset, 0, (1, 2)),
        read_for_training(&*set, 4, (1, 2)),
    );
    assert_eq!(seen, whole);
    assert_eq!(subset.source(1), "photo 1");
    assert!(subset.unreadable().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn training_views_depend_on_seed_epoch_and_index_only(seed: u64, epoch: u64, index in 0..6_usize) {
        let (one, other) = (patterns(6, Views::retrieval(20)), patterns(6, Views::retrieval(20)));
        let image = read_for_training(&one, index, (seed, epoch));
        read_for_training(&other, (index + 1) % 6, (seed, epoch ^ 1));
        prop_assert_eq!(&image, &read_for_training(&other, index, (seed, epoch)));
        prop_assert_ne!(&image, &read_for_training(&other, index, (seed, epoch ^ 1)));
        prop_assert_ne!(&image, &read_for_training(&other, index, (seed ^ 1, epoch)));
    }
}
