use lam_search::store::Fingerprint;

/// Stands for the model of an index of vectors that are directions as they are, of size `dim`.
pub fn plain_fingerprint(dim: usize) -> Fingerprint {
    let mut bytes = *b"directions of the size          ";
    bytes[24..].copy_from_slice(&(dim as u64).to_le_bytes());
    Fingerprint(bytes)
}
