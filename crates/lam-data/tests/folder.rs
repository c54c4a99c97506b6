//! Folders of classes.

use crate::common::tree;

use std::collections::BTreeSet;

use lam_data::{Listing, Split, SplitFraction, list_folder};
use proptest::prelude::*;
use tree::{Tree, says};

fn list(tree: &Tree, split: Split) -> Result<Listing, lam_data::DataError> {
    list_folder(tree.root(), split, SplitFraction::default())
}

fn paths(tree: &Tree, listing: &Listing) -> Vec<String> {
    listing
        .images
        .iter()
        .map(|image| tree.relative(&image.path))
        .collect()
}

#[test]
fn a_folder_a_split_and_a_folder_a_class() {
    let tree = Tree::new();
    tree.pictures([
        "train/dog/b.jpg",
        "train/dog/a.JPEG",
        "train/cat/c.png",
        "train/cat/deep/d.webp",
    ]);
    tree.pictures(["test/owl/x.jpg", "test/owl/y.jpg"]);
    tree.write("train/dog/readme.txt", "");
    tree.write("train/dog/.hidden.jpg", "");
    tree.write("train/.cache/z.jpg", "");
    tree.write("train/labels.csv", "");
    let train = list(&tree, Split::Train).unwrap();
    assert_eq!(train.class_names, ["cat", "dog"]);
    assert_eq!(
        paths(&tree, &train),
        [
            "train/cat/c.png",
            "train/cat/deep/d.webp",
            "train/dog/a.JPEG",
            "train/dog/b.jpg"
        ]
    );
    assert_eq!(
        train.images.iter().map(|i| i.label).collect::<Vec<_>>(),
        [0, 0, 1, 1]
    );
    assert_eq!(train.ignored, 2);
    let test = list(&tree, Split::Test).unwrap();
    assert_eq!(
        (test.class_names, test.images.len()),
        (vec!["owl".to_owned()], 2)
    );
}

#[test]
fn val_stands_for_test_and_a_missing_split_is_named() {
    let tree = Tree::new();
    tree.pictures(["train/dog/a.jpg", "train/dog/b.jpg"]);
    says(
        list(&tree, Split::Test),
        &["test: no such folder", "a folder a class"],
    );
    assert_eq!(list(&tree, Split::Train).unwrap().images.len(), 2);
    tree.pictures(["val/dog/c.jpg", "val/dog/d.jpg"]);
    assert_eq!(
        paths(&tree, &list(&tree, Split::Test).unwrap()),
        ["val/dog/c.jpg", "val/dog/d.jpg"]
    );
}

#[test]
fn one_level_is_divided_within_each_class() {
    let tree = Tree::new();
    for (class, count) in [("a", 10), ("b", 2), ("test", 5)] {
        tree.pictures((0..count).map(|n| format!("{class}/{n:02}.jpg")));
    }
    tree.pictures(["single/0.jpg"]);
    let fraction = SplitFraction { test: 0.4, seed: 7 };
    let of = |split, fraction| list_folder(tree.root(), split, fraction);
    let (train, test) = (
        of(Split::Train, fraction).unwrap(),
        of(Split::Test, fraction).unwrap(),
    );
    assert_eq!(train.class_names, ["a", "b", "single", "test"]);
    assert_eq!(train.counts(), [6, 1, 1, 3]);
    // A class of which nothing is left to test on has no label there.
    assert_eq!(test.class_names, ["a", "b", "test"]);
    assert_eq!((test.counts(), test.singletons()), (vec![4, 1, 2], 1));
    let all: BTreeSet<_> = train
        .images
        .iter()
        .chain(&test.images)
        .map(|i| &i.path)
        .collect();
    assert_eq!(all.len(), 18);
    assert_eq!(of(Split::Test, fraction).unwrap(), test);
    let other = of(Split::Test, SplitFraction { test: 0.4, seed: 8 }).unwrap();
    assert_ne!(other, test);
    for wrong in [0.0, 1.0, -0.5, f64::NAN] {
        let fraction = SplitFraction {
            test: wrong,
            seed: 0,
        };
        says(of(Split::Train, fraction), &["above 0 and below 1"]);
    }
}

#[test]
fn nothing_to_find() {
    let tree = Tree::new();
    says(
        list(&tree, Split::Train),
        &["no image, expected a folder a class"],
    );
    tree.write("a/one.gif", "");
    tree.write("two.txt", "");
    says(
        list(&tree, Split::Train),
        &["no image", "2 files are no JPEG, PNG or WebP"],
    );
    tree.pictures(["a/1.jpg", "b/1.jpg"]);
    says(
        list(&tree, Split::Train),
        &[
            "every class has a single image (2 in all)",
            "add images, or put those that show the same into one class",
        ],
    );
    let missing = list_folder(&tree.path("none"), Split::Train, SplitFraction::default());
    says(missing, &["none: no such folder", "CLASS/*"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_may_lead_back() {
    use std::os::unix::fs::symlink;
    let (tree, elsewhere) = (Tree::new(), Tree::new());
    elsewhere.pictures(["owls/1.jpg", "owls/2.jpg", "lone.jpg"]);
    tree.pictures(["train/dog/1.jpg", "test/dog/1.jpg", "test/dog/2.jpg"]);
    symlink(elsewhere.path("owls"), tree.path("train/owl")).unwrap();
    symlink(elsewhere.path("lone.jpg"), tree.path("train/dog/2.jpg")).unwrap();
    symlink(elsewhere.path("nowhere.jpg"), tree.path("train/dog/3.jpg")).unwrap();
    symlink(tree.path("train/dog"), tree.path("train/dog/again")).unwrap();
    let train = list(&tree, Split::Train).unwrap();
    assert_eq!(
        paths(&tree, &train),
        [
            "train/dog/1.jpg",
            "train/dog/2.jpg",
            "train/owl/1.jpg",
            "train/owl/2.jpg"
        ]
    );
    assert_eq!(train.ignored, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_image_is_in_one_split(counts in proptest::collection::vec(1usize..9, 1..4), seed: u64, test in 0.05f64..0.95) {
        let tree = Tree::new();
        for (class, &count) in counts.iter().enumerate() {
            tree.pictures((0..count).map(|n| format!("{class}/{n}.jpg")));
        }
        let of = |split| list_folder(tree.root(), split, SplitFraction { test, seed });
        if let (Ok(train), Ok(test)) = (of(Split::Train), of(Split::Test)) {
            let all: BTreeSet<_> = train.images.iter().chain(&test.images).map(|i| i.path.clone()).collect();
            prop_assert_eq!(all.len(), counts.iter().sum::<usize>());
            prop_assert_eq!(train.images.len() + test.images.len(), all.len());
            prop_assert_eq!(train.class_names.len(), counts.len());
        }
    }
}
