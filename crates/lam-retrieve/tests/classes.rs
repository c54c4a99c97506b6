//! One numbering of classes.

use lam_retrieve::Classes;
use lam_search::store::{Fingerprint, Item, Spec, Writer};

use crate::common::index;

#[test]
fn known_names_keep_their_numbers_and_new_ones_follow() {
    let (_folder, writer) = index(&[(0.0, Some(4), 0.1), (1.0, Some(2), 0.1), (2.0, None, 0.1)]);
    let mut classes = Classes::of(&writer.view());
    assert_eq!(classes.find("c4"), Some(4));
    assert_eq!(classes.find("new"), None);
    assert_eq!(classes.label("new"), 5);
    assert_eq!(classes.label("c2"), 2);
    assert_eq!(classes.label("newer"), 6);
    assert_eq!(classes.label("new"), 5);
}

#[test]
fn an_empty_index_numbers_from_nought() {
    let (_folder, writer) = index(&[]);
    assert_eq!(Classes::of(&writer.view()).label("first"), 0);
}

/// A label without a name is taken, too.
#[test]
fn labels_without_names_are_not_given_to_new_classes() {
    let folder = tempfile::tempdir().unwrap();
    let spec = Spec {
        dim: 2,
        spread: false,
        fingerprint: Fingerprint([1; 32]),
    };
    let mut writer = Writer::create(folder.path(), spec).unwrap();
    let item = |id: u64, label| Item {
        label: Some(label),
        ..Item::new(id, vec![1.0, 0.0])
    };
    writer.add(&[item(0, 7), item(1, 3)]).unwrap();
    let mut classes = Classes::of(&writer.view());
    assert_eq!(classes.find("7"), None);
    assert_eq!(classes.label("new"), 8);
}
