//! Ids as a text that tells numbers and texts apart and leaves nearly all of them as they are.

use lam_search::store::ItemId;

/// What a text begins with that would be taken for something else.
const MARK: char = '\'';

pub(crate) fn encode(id: &ItemId) -> String {
    match id {
        ItemId::Number(number) => number.to_string(),
        ItemId::Text(text) if text.starts_with(MARK) || number(text).is_some() => {
            format!("{MARK}{text}")
        }
        ItemId::Text(text) => text.clone(),
    }
}

pub(crate) fn decode(key: &str) -> ItemId {
    match (key.strip_prefix(MARK), number(key)) {
        (Some(text), _) => ItemId::Text(text.into()),
        (None, Some(number)) => ItemId::Number(number),
        (None, None) => ItemId::Text(key.into()),
    }
}

/// The number that is written exactly so: "7", but neither "07" nor "+7".
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lam_search::store::ItemId;
    use proptest::prelude::*;

    use super::{decode, encode};

    #[test]
    fn ordinary_ids_stay_readable() {
        for (id, key) in [
            (ItemId::Number(7), "7"),
            (ItemId::Number(u64::MAX), "18446744073709551615"),
            ("photos/7.jpg".into(), "photos/7.jpg"),
            ("7".into(), "'7"),
            ("07".into(), "07"),
            ("+7".into(), "+7"),
            ("18446744073709551616".into(), "18446744073709551616"),
            ("'".into(), "''"),
            ("".into(), ""),
            ("naïve 猫".into(), "naïve 猫"),
        ] {
            assert_eq!(encode(&id), key);
            assert_eq!(decode(key), id);
        }
    }

    fn ids() -> impl Strategy<Value = ItemId> {
        prop_oneof![
            any::<u64>().prop_map(ItemId::Number),
            (0u64..30).prop_map(ItemId::Number),
            // What may be mistaken for a number or a mark.
            "'{0,3}[0-9+]{0,3}".prop_map(ItemId::Text),
            any::<String>().prop_map(ItemId::Text),
        ]
    }

    proptest! {
        /// And so no two ids have one key.
        #[test]
        fn every_id_comes_back(id in ids()) {
            prop_assert_eq!(decode(&encode(&id)), id);
        }
    }
}
