use lam_search::store::{ItemId, ItemView};
use sha2::Digest as _;

/// What is written down of an item's content, to see without fetching it whether it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 16]);

/// Counts the layouts below: another one makes every item look changed.
const LAYOUT: u8 = 1;

impl Digest {
    /// SHA-256, cut to 16 bytes, of everything that is stored of an item.
    pub fn of(item: &ItemView<'_>) -> Self {
        let mut hash = sha2::Sha256::new();
        hash.update([LAYOUT]);
        match &item.id {
            ItemId::Number(number) => {
                hash.update([0]);
                hash.update(number.to_le_bytes());
            }
            ItemId::Text(text) => {
                hash.update([1]);
                update_text(&mut hash, text);
            }
        }
        // An option is told apart from every value of it.
        hash.update([u8::from(item.label.is_some())]);
        hash.update(item.label.unwrap_or_default().to_le_bytes());
        hash.update([u8::from(item.class.is_some())]);
        update_text(&mut hash, item.class.unwrap_or_default());
        update_text(&mut hash, item.metadata);
        hash.update([u8::from(item.uncertainty.is_some())]);
        hash.update(item.uncertainty.unwrap_or_default().to_le_bytes());
        update_values(&mut hash, item.mean);
        hash.update([u8::from(item.sigma.is_some())]);
        update_values(&mut hash, item.sigma.unwrap_or_default());
        let whole = hash.finalize();
        let mut digest = [0; 16];
        digest.copy_from_slice(&whole[..16]);
        Self(digest)
    }

    /// 32 hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what [`Digest::to_hex`] wrote.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let value = u128::from_str_radix(text, 16).ok()?;
        Some(Self(value.to_be_bytes()))
    }
}

/// The length first, so that no two texts run into each other.
fn update_text(hash: &mut sha2::Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

fn update_values(hash: &mut sha2::Sha256, values: &[f32]) {
    hash.update((values.len() as u64).to_le_bytes());
    for value in values {
        hash.update(value.to_le_bytes());
    }
}
