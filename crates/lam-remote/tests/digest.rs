//! Digests of items.

use lam_remote::Digest;
use lam_search::store::{Item, ItemId};
use proptest::prelude::*;

use crate::common::Index;

fn item() -> Item {
    Item {
        label: Some(3),
        class: Some("shoe".into()),
        metadata: "a/b".into(),
        sigma: Some(vec![0.1, 0.2]),
        uncertainty: Some(0.25),
        ..Item::new("x", vec![0.6, 0.8])
    }
}

fn digest(item: Item) -> Digest {
    let index = Index::of(&[item]);
    let view = index.view();
    Digest::of(&view.item(0).unwrap())
}

#[test]
fn every_field_counts() {
    let same = digest(item());
    assert_eq!(same, digest(item()));
    let mut all = vec![same.to_hex()];
    for change in [
        |item: &mut Item| item.id = "y".into(),
        |item: &mut Item| item.id = ItemId::Number(0),
        |item: &mut Item| item.label = Some(4),
        |item: &mut Item| item.class = None,
        |item: &mut Item| (item.label, item.class) = (None, None),
        |item: &mut Item| (item.label, item.class) = (Some(0), None),
        |item: &mut Item| item.class = Some(String::new()),
        |item: &mut Item| item.class = Some("sho".into()),
        // What moves from one text to the next is not the same.
        |item: &mut Item| (item.class, item.metadata) = (Some("shoea".into()), "/b".into()),
        |item: &mut Item| item.metadata.clear(),
        |item: &mut Item| item.uncertainty = None,
        |item: &mut Item| item.uncertainty = Some(0.0),
        |item: &mut Item| item.uncertainty = Some(0.25f64.next_up()),
        |item: &mut Item| item.mean[0] = item.mean[0].next_up(),
        |item: &mut Item| item.sigma = None,
        |item: &mut Item| item.sigma = Some(vec![0.2, 0.1]),
    ] {
        let mut changed = item();
        change(&mut changed);
        all.push(digest(changed).to_hex());
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

/// Computed by Python: hashlib and struct. What was exported earlier is recognised only while this holds.
#[test]
fn the_digest_of_an_item_stays_what_it_is() {
    assert_eq!(digest(item()).to_hex(), "a7e2865fe893fcd4087a7fe31f3075ac");
}

proptest! {
    #[test]
    fn digits_read_back(bytes: [u8; 16]) {
        prop_assert_eq!(Digest::from_hex(&Digest(bytes).to_hex()), Some(Digest(bytes)));
    }

    #[test]
    fn other_texts_are_none(text in "\\PC{0,40}") {
        if let Some(digest) = Digest::from_hex(&text) {
            prop_assert_eq!(digest.to_hex(), text.to_lowercase());
        }
    }
}
