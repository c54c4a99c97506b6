//! How large a stored matrix may become.

use crate::LaplaceError;

/// Bytes of one entry.
const ENTRY: u128 = size_of::<f32>() as u128;

/// Refuses `entries` numbers of curvature for a head `[outputs, features]` if they take more than `limit` bytes.
pub(super) fn check_memory(
    structure: &'static str,
    [outputs, features]: [usize; 2],
    entries: u128,
    limit: u128,
    instead: &'static str,
) -> Result<(), LaplaceError> {
    let bytes = entries.saturating_mul(ENTRY);
    if bytes <= limit {
        return Ok(());
    }
    Err(LaplaceError::TooLarge {
        structure,
        parameters: outputs.saturating_mul(features.saturating_add(1)),
        bytes,
        limit,
        instead,
    })
}

/// `Π sizes`, which no size from outside makes overflow.
pub(super) fn entries(sizes: &[usize]) -> u128 {
    sizes.iter().fold(1, |product: u128, &size| {
        product.saturating_mul(size as u128)
    })
}
