//! Numbers as bytes.

/// A type of number and the order of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) kind: Kind,
    pub(crate) big_endian: bool,
}

/// A type of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    F16,
    Bf16,
    F32,
    F64,
    /// So many bytes.
    Int(usize),
    /// So many bytes.
    Uint(usize),
}

impl Element {
    pub(crate) fn little(kind: Kind) -> Self {
        Self {
            kind,
            big_endian: false,
        }
    }

    /// Bytes of one.
    pub(crate) fn size(self) -> usize {
        match self.kind {
            Kind::F16 | Kind::Bf16 => 2,
            Kind::F32 => 4,
            Kind::F64 => 8,
            Kind::Int(bytes) | Kind::Uint(bytes) => bytes,
        }
    }

    pub(crate) fn is_float(self) -> bool {
        !matches!(self.kind, Kind::Int(_) | Kind::Uint(_))
    }

    /// Decodes floats; what is too large for `f32` becomes infinite. Whole numbers are left alone.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut [f32]) {
        match (self.kind, self.big_endian) {
            (Kind::F32, false) => each(bytes, out, f32::from_le_bytes),
            (Kind::F32, true) => each(bytes, out, f32::from_be_bytes),
            (Kind::F64, false) => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
            (Kind::F64, true) => each(bytes, out, |b| f64::from_be_bytes(b) as f32),
            (Kind::F16, false) => each(bytes, out, |b| f16_to_f32(u16::from_le_bytes(b))),
            (Kind::F16, true) => each(bytes, out, |b| f16_to_f32(u16::from_be_bytes(b))),
            (Kind::Bf16, false) => each(bytes, out, |b| bf16_to_f32(u16::from_le_bytes(b))),
            (Kind::Bf16, true) => each(bytes, out, |b| bf16_to_f32(u16::from_be_bytes(b))),
            (Kind::Int(_) | Kind::Uint(_), _) => {}
        }
    }

    /// One number of at most eight bytes as `f64`.
    pub(crate) fn number(self, bytes: &[u8]) -> Option<f64> {
        match self.kind {
            Kind::F64 => {
                let bytes: [u8; 8] = bytes.try_into().ok()?;
                Some(if self.big_endian {
                    f64::from_be_bytes(bytes)
                } else {
                    f64::from_le_bytes(bytes)
                })
            }
            Kind::Int(_) | Kind::Uint(_) => self.whole(bytes).map(|whole| whole as f64),
            _ => {
                let mut out = [0.0];
                self.decode(bytes, &mut out);
                Some(f64::from(out[0]))
            }
        }
    }

    /// One whole number of at most eight bytes; none for a float.
    pub(crate) fn whole(self, bytes: &[u8]) -> Option<i128> {
        let signed = match self.kind {
            Kind::Int(_) => true,
            Kind::Uint(_) => false,
            _ => return None,
        };
        let mut ordered = [0_u8; 8];
        let size = bytes.len().min(8);
        for (at, &byte) in bytes.iter().take(size).enumerate() {
            let to = if self.big_endian { size - 1 - at } else { at };
            ordered[to] = byte;
        }
        let value = u64::from_le_bytes(ordered);
        if signed && size > 0 {
            let shift = 64 - 8 * size as u32;
            return Some(i128::from(((value << shift) as i64) >> shift));
        }
        Some(i128::from(value))
    }
}

fn each<const N: usize>(bytes: &[u8], out: &mut [f32], decode: impl Fn([u8; N]) -> f32) {
    let (numbers, _) = bytes.as_chunks::<N>();
    for (out, &number) in out.iter_mut().zip(numbers) {
        *out = decode(number);
    }
}

fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// IEEE 754 binary16.
pub(crate) fn f16_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits & 0x3ff);
    match (exponent, fraction) {
        // Subnormal: exact, since 2^-24 is a normal f32.
        (0, _) => {
            let magnitude = fraction as f32 * f32::from_bits(0x3380_0000);
            f32::from_bits(magnitude.to_bits() | sign)
        }
        (31, 0) => f32::from_bits(sign | 0x7f80_0000),
        (31, _) => f32::NAN,
        _ => f32::from_bits(sign | ((exponent + 112) << 23) | (fraction << 13)),
    }
}
