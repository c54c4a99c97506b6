//! Numbers of a file as `f32`.

/// A type of number that weights are stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    F64,
    F32,
    F16,
    Bf16,
    /// Whole numbers and truth values of so many bytes: part of a file, but no weights.
    Other(u8),
}

impl Element {
    /// Bytes of one.
    pub(super) fn size(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Other(bytes) => usize::from(bytes),
        }
    }

    /// The numbers in little-endian `bytes`; none for a type that is no weight.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Vec<f32>> {
        let halves = |decode: fn(u16) -> f32| {
            let pairs = bytes.chunks_exact(2);
            pairs
                .map(|b| decode(u16::from_le_bytes([b[0], b[1]])))
                .collect()
        };
        Some(match self {
            Self::F64 => bytes
                .chunks_exact(8)
                .map(|b| {
                    f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32
                })
                .collect(),
            Self::F32 => bytes
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            Self::F16 => halves(f16_to_f32),
            Self::Bf16 => halves(|bits| f32::from_bits(u32::from(bits) << 16)),
            Self::Other(_) => return None,
        })
    }
}

/// IEEE 754 binary16.
fn f16_to_f32(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f32::from(bits & 0x3ff) / 1024.0;
    sign * match exponent {
        0 => fraction * 2_f32.powi(-14),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction) * 2_f32.powi(exponent - 15),
    }
}
