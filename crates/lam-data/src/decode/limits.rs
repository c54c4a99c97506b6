use super::ImageFault;

/// What an image file may ask for; checked before memory is taken.
///
/// | limit | default | purpose | range |
/// |---|---|---|---|
/// | `bytes` | 256 MiB | size of the encoded file | ≥ 1 |
/// | `pixels` | 100,000,000 | width × height that the header promises | ≥ 1 |
///
/// No side may be longer than 65,535, the most that a JPEG can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Size of the encoded file.
    pub bytes: u64,
    /// Width × height.
    pub pixels: u64,
}

/// Longest side.
const MAX_SIDE: u64 = 65_535;

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            pixels: 100_000_000,
        }
    }
}

impl DecodeLimits {
    /// Checks the size of an encoded file.
    pub(crate) fn check_bytes(&self, bytes: u64) -> Result<(), ImageFault> {
        if bytes > self.bytes {
            let limit = self.bytes;
            return Err(ImageFault::TooManyBytes { bytes, limit });
        }
        Ok(())
    }

    /// Checks the size that a header promises.
    pub(super) fn check_size(&self, width: u64, height: u64) -> Result<(), ImageFault> {
        if width == 0 || height == 0 {
            return Err(ImageFault::NoPixels { width, height });
        }
        if width > MAX_SIDE || height > MAX_SIDE || width * height > self.pixels {
            let limit = self.pixels;
            return Err(ImageFault::TooManyPixels {
                width,
                height,
                limit,
            });
        }
        Ok(())
    }
}
