//! One numbering of classes.

use lam_retrieve::Classes;

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
