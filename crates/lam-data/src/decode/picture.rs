use std::fmt;

use super::ImageFault;
use crate::Region;

/// A decoded photograph: `[height, width, 3]`, red, green and blue, one byte each.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Picture {
    /// From its values, `[height, width, 3]`; `None` if a side is 0 or the number of values is another.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Option<Self> {
        let values = width.checked_mul(height)?.checked_mul(3)?;
        (values > 0 && values == pixels.len()).then_some(Self {
            width,
            height,
            pixels,
        })
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Values, `[height, width, 3]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Writes the values as `[3, height, width]`; `false` if `out` does not hold as many.
    pub(crate) fn write_planes(&self, out: &mut [u8]) -> bool {
        if out.len() != self.pixels.len() {
            return false;
        }
        for (channel, plane) in out.chunks_exact_mut(self.width * self.height).enumerate() {
            for (to, pixel) in plane.iter_mut().zip(self.pixels.chunks_exact(3)) {
                *to = pixel[channel];
            }
        }
        true
    }

    /// A part of it.
    ///
    /// # Errors
    /// [`ImageFault::NoSuchPart`] if the part is empty or reaches beyond it.
    pub fn cut(&self, region: Region) -> Result<Self, ImageFault> {
        let fault = || ImageFault::NoSuchPart {
            region,
            width: self.width,
            height: self.height,
        };
        if !region.fits(self.width, self.height) {
            return Err(fault());
        }
        let rows = (region.top..region.top + region.height).map(|row| {
            let row = self.row(row);
            &row[region.left * 3..(region.left + region.width) * 3]
        });
        let pixels = rows.collect::<Vec<_>>().concat();
        Self::new(region.width, region.height, pixels).ok_or_else(fault)
    }

    /// Values of one row, `[width, 3]`.
    pub fn row(&self, row: usize) -> &[u8] {
        &self.pixels[row * self.width * 3..][..self.width * 3]
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}×{})", self.width, self.height)
    }
}
