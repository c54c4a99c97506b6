//! Images that could not be read.

use lam_data::{DataError, Unreadable, UnreadableImage};
use proptest::prelude::*;

fn image(index: usize) -> UnreadableImage {
    UnreadableImage {
        index,
        image: format!("{index}.jpg"),
        reason: "torn".to_owned(),
    }
}

#[test]
fn how_many_are_tolerated() {
    for (total, expected) in [
        (1, 0),
        (3, 0),
        (4, 1),
        (20, 5),
        (499, 5),
        (500, 5),
        (600, 6),
        (60_000, 600),
    ] {
        assert_eq!(
            Unreadable::new("set", total).tolerated(),
            expected,
            "{total}"
        );
    }
}

#[test]
fn one_more_is_an_error_that_names_the_first_few() {
    let unreadable = Unreadable::new("birds", 700);
    for index in (0..7).rev() {
        assert!(unreadable.record(image(index)));
        assert!(!unreadable.record(image(index)));
    }
    unreadable.check().unwrap();
    unreadable.record(image(650));
    let text = unreadable.check().unwrap_err().to_string();
    for part in [
        "8 of the 700",
        "'birds'",
        "the 7 that",
        "0.jpg: torn",
        "4.jpg",
        "and 3 more",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("650.jpg"), "{text}");
}

proptest! {
    #[test]
    fn never_more_than_a_hundredth_of_a_large_set_nor_a_quarter_of_a_small_one(total in 1..5000_usize) {
        let tolerated = Unreadable::new("set", total).tolerated();
        prop_assert!(tolerated <= total / 4 || tolerated <= total / 100);
        prop_assert!(total < 500 || tolerated == total / 100);
    }

    #[test]
    fn the_count_is_of_images_not_of_attempts(attempts in prop::collection::vec(0..10_usize, 0..50)) {
        let unreadable = Unreadable::new("set", 12);
        for &index in &attempts {
            unreadable.record(image(index));
        }
        let mut distinct = attempts;
        distinct.sort_unstable();
        distinct.dedup();
        prop_assert_eq!(unreadable.count(), distinct.len());
        let checked = unreadable.check();
        prop_assert_eq!(matches!(checked, Err(DataError::TooManyUnreadable { .. })), distinct.len() > 3);
    }
}
