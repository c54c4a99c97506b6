//! Ids of points: Qdrant knows unsigned numbers and UUIDs.

use lam_search::store::ItemId;
use qdrant_client::qdrant::PointId;
use qdrant_client::qdrant::point_id::PointIdOptions;
use sha2::{Digest, Sha256};

/// Keeps these UUIDs apart from those that others make of the same texts.
const NAMESPACE: &[u8] = b"lam item id\0";

pub(crate) fn encode(id: &ItemId) -> String {
    match id {
        ItemId::Number(number) => number.to_string(),
        ItemId::Text(text) => uuid(text),
    }
}

/// The point that a key stands for; a key is a number or a UUID.
pub(super) fn of_key(key: &str) -> PointId {
    let options = match key.parse() {
        Ok(number) => PointIdOptions::Num(number),
        Err(_) => PointIdOptions::Uuid(key.into()),
    };
    PointId {
        point_id_options: Some(options),
    }
}

pub(super) fn to_key(id: &PointId) -> Option<String> {
    match id.point_id_options.as_ref()? {
        PointIdOptions::Num(number) => Some(number.to_string()),
        PointIdOptions::Uuid(uuid) => Some(uuid.clone()),
    }
}

/// A UUID of version 8 (RFC 9562: made as the maker likes), of 122 bits of SHA-256.
fn uuid(text: &str) -> String {
    let hash = Sha256::new()
        .chain_update(NAMESPACE)
        .chain_update(text)
        .finalize();
    let mut value = [0; 16];
    value.copy_from_slice(&hash[..16]);
    value[6] = 0x80 | (value[6] & 0x0f);
    value[8] = 0x80 | (value[8] & 0x3f);
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lam_search::store::ItemId;
    use proptest::prelude::*;

    use super::{encode, of_key, to_key};

    /// Computed by Python's hashlib and uuid. Collections that were exported earlier are found again only if
    /// these stay as they are.
    #[test]
    fn ids_stay_what_they_are() {
        assert_eq!(encode(&ItemId::Number(u64::MAX)), "18446744073709551615");
        assert_eq!(encode(&"7".into()), "f82a2fd4-5e2f-861f-a775-ad8f400f9f42");
        assert_eq!(
            encode(&"photos/naïve 猫.jpg".into()),
            "66f5f54a-ced2-811e-bae4-bd670895ae0a"
        );
        assert_eq!(encode(&"".into()), "8f1ffc96-c9c2-8183-88d5-78a567b22d56");
    }

    fn ids() -> impl Strategy<Value = ItemId> {
        prop_oneof![
            any::<u64>().prop_map(ItemId::Number),
            (0u64..5).prop_map(ItemId::Number),
            "[0-9a-f-]{0,3}".prop_map(ItemId::Text),
            any::<String>().prop_map(ItemId::Text),
        ]
    }

    proptest! {
        #[test]
        fn different_ids_are_different_points(a in ids(), b in ids()) {
            prop_assert_eq!(a == b, encode(&a) == encode(&b));
            prop_assert_eq!(encode(&a), encode(&a.clone()));
        }

        #[test]
        fn keys_are_numbers_or_uuids_in_their_usual_form(id in ids()) {
            let key = encode(&id);
            prop_assert_eq!(to_key(&of_key(&key)), Some(key.clone()));
            match id {
                ItemId::Number(number) => prop_assert_eq!(key, number.to_string()),
                ItemId::Text(_) => {
                    let lengths: Vec<usize> = key.split('-').map(str::len).collect();
                    prop_assert_eq!(lengths, [8, 4, 4, 4, 12]);
                    prop_assert!(key.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
                    prop_assert_eq!(&key[14..15], "8", "version");
                    prop_assert!("89ab".contains(&key[19..20]), "variant");
                }
            }
        }
    }
}
