//! The embedded data sets, and the installed FashionMNIST where there is one.
use std::path::Path;
use std::sync::Arc;

use lam_data::{DataError, Dataset, ImageShape, SearchPath, Split, Storage, Tree, find, registry};

fn open(name: &str, split: Split) -> Arc<dyn Dataset> {
    find(name)
        .unwrap()
        .open(&SearchPath::none(), split)
        .unwrap()
}

fn class_counts(set: &dyn Dataset) -> Vec<usize> {
    let mut counts = vec![0; set.class_names().len()];
    for &label in set.labels() {
        counts[label as usize] += 1;
    }
    counts
}

fn mean_image(set: &dyn Dataset, class: u32) -> Vec<f64> {
    let members: Vec<_> = (0..set.len())
        .filter(|&i| set.labels()[i] == class)
        .collect();
    let mut image = vec![0.0; set.shape().numel()];
    let mut sum = vec![0.0; set.shape().numel()];
    for &i in &members {
        set.read(i, &mut image).unwrap();
        assert!(image.iter().all(|value| (0.0..=1.0).contains(value)));
        for (total, value) in sum.iter_mut().zip(&image) {
            *total += f64::from(*value) / members.len() as f64;
        }
    }
    sum
}

#[test]
fn the_sample_is_balanced() {
    assert_eq!(class_counts(&*open("sample", Split::Train)), [600; 10]);
    assert_eq!(class_counts(&*open("sample", Split::Test)), [100; 10]);
    assert_eq!(class_counts(&*open("sample_mnist", Split::Test)), [100; 10]);
    let error = find("sample_mnist")
        .unwrap()
        .open(&SearchPath::none(), Split::Train);
    assert!(matches!(
        error.err().unwrap(),
        DataError::NoSuchSplit { .. }
    ));
}

#[test]
fn the_sample_is_what_it_says() {
    let train = open("sample", Split::Train);
    assert_eq!(train.shape(), ImageShape::new(1, 28, 28));
    assert_eq!(train.class_names()[9], "Ankle boot");
    // The nearest class mean of the training images is right for most test images (68 % on the
    // whole of FashionMNIST): images and labels belong together.
    let means: Vec<_> = (0..10).map(|class| mean_image(&*train, class)).collect();
    let test = open("sample", Split::Test);
    let mut image = vec![0.0; 784];
    let mut right = 0;
    for i in 0..test.len() {
        test.read(i, &mut image).unwrap();
        let distance = |mean: &[f64]| -> f64 {
            let differences = mean.iter().zip(&image).map(|(m, v)| m - f64::from(*v));
            differences.map(|d| d * d).sum()
        };
        let nearest = (0..10u32)
            .min_by(|&a, &b| distance(&means[a as usize]).total_cmp(&distance(&means[b as usize])))
            .unwrap();
        right += usize::from(nearest == test.labels()[i]);
    }
    assert!((640..740).contains(&right), "{right} of 1000");
    // A zero is dark in the middle where a one is bright.
    let digits = open("sample_mnist", Split::Test);
    let middle = 14 * 28 + 14;
    assert!(mean_image(&*digits, 0)[middle] < 0.1);
    assert!(mean_image(&*digits, 1)[middle] > 0.7);
}

#[test]
fn training_and_test_images_of_the_sample_differ() {
    let images = |split| -> std::collections::HashSet<Vec<u8>> {
        let set = open("sample", split);
        let mut image = vec![0.0; 784];
        (0..set.len())
            .map(|i| {
                set.read(i, &mut image).unwrap();
                image.iter().map(|v| (v * 255.0).round() as u8).collect()
            })
            .collect()
    };
    let (train, test) = (images(Split::Train), images(Split::Test));
    assert!(train.len() > 5990 && test.len() > 995);
    assert_eq!(train.intersection(&test).count(), 0);
}

#[test]
fn entries_are_consistent() {
    for entry in registry() {
        assert_eq!(find(entry.name).unwrap().name, entry.name);
        if let Some(partner) = entry.ood_partner {
            let partner = find(partner).unwrap();
            assert_eq!(partner.shape, entry.shape);
            assert!(
                partner
                    .splits
                    .iter()
                    .any(|&(split, _)| split == Split::Test)
            );
        }
        match &entry.storage {
            Storage::Embedded => {
                for &(split, images) in entry.splits {
                    assert_eq!(open(entry.name, split).len(), images);
                }
            }
            Storage::Files(files) => {
                for file in files.files {
                    assert_eq!(file.sha256.len(), 64);
                    assert!(
                        file.sha256
                            .bytes()
                            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                    );
                    assert!(entry.splits.iter().any(|&(split, _)| split == file.split));
                }
                assert!(files.mirrors.iter().all(|mirror| mirror.ends_with('/')));
            }
            Storage::Trees(set) => {
                for &(split, _) in entry.splits {
                    let has = |tree: &Tree| tree.marks.iter().any(|&(known, _)| known == split);
                    assert!(set.trees.iter().all(has), "{}: {split}", entry.name);
                }
                assert!(set.homepage.starts_with("http"));
            }
        }
    }
}

/// Runs only where Debian's package is installed.
#[test]
fn the_installed_fashionmnist() {
    let entry = find("fashionmnist").unwrap();
    let Storage::Files(files) = &entry.storage else {
        panic!("fashionmnist is made of files");
    };
    let folder = Path::new(files.package.unwrap().folder);
    if !folder.is_dir() {
        println!("dataset-fashion-mnist is not installed: nothing tested");
        return;
    }
    let search = SearchPath::only([folder.to_owned()]);
    for (split, per_class) in [(Split::Train, 6_000), (Split::Test, 1_000)] {
        let set = entry.open(&search, split).unwrap();
        assert_eq!(class_counts(&*set), vec![per_class; 10]);
    }
    // MNIST's files have the same names; these are not taken for them.
    let error = find("mnist")
        .unwrap()
        .open(&search, Split::Test)
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("these are the files of fashionmnist"),
        "{error}"
    );
}
