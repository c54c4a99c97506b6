//! Pictures inside of figures.

use crate::error::PlotError;
use crate::svg::raster::encode_png;

/// Eight-bit pixels, row by row.
#[derive(Clone, Copy, Debug)]
pub enum Pixels<'a> {
    /// One byte per pixel.
    Grey(&'a [u8]),
    /// Three bytes per pixel.
    Rgb(&'a [u8]),
}

/// An image.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pixels.
    pub pixels: Pixels<'a>,
}

/// Images wider or higher than this are reduced before they are embedded.
const MOST_PIXELS: u32 = 192;

impl Image<'_> {
    /// The image, reduced where it is large, as a PNG file, and its size.
    pub(super) fn to_png(self, figure: &str) -> Result<(Vec<u8>, u32, u32), PlotError> {
        let (data, channels, color) = match self.pixels {
            Pixels::Grey(data) => (data, 1u32, png::ColorType::Grayscale),
            Pixels::Rgb(data) => (data, 3, png::ColorType::Rgb),
        };
        let area = u64::from(self.width) * u64::from(self.height);
        let expected = area.saturating_mul(u64::from(channels));
        if area == 0 || data.len() as u64 != expected {
            return Err(PlotError::ImageSize {
                figure: figure.to_owned(),
                width: self.width,
                height: self.height,
                channels,
                expected,
                found: data.len(),
            });
        }
        let factor = self.width.max(self.height).div_ceil(MOST_PIXELS);
        if factor == 1 {
            let png = encode_png(self.width, self.height, color, data)?;
            return Ok((png, self.width, self.height));
        }
        let (width, height) = (self.width.div_ceil(factor), self.height.div_ceil(factor));
        let reduced = self.reduced(data, channels as usize, factor as usize);
        Ok((encode_png(width, height, color, &reduced)?, width, height))
    }

    /// Means of blocks of `factor`×`factor` pixels.
    fn reduced(&self, data: &[u8], channels: usize, factor: usize) -> Vec<u8> {
        let (width, height) = (self.width as usize, self.height as usize);
        let mut out = Vec::new();
        for top in (0..height).step_by(factor) {
            for left in (0..width).step_by(factor) {
                for channel in 0..channels {
                    let (mut sum, mut count) = (0u64, 0u64);
                    for y in top..(top + factor).min(height) {
                        for x in left..(left + factor).min(width) {
                            sum += u64::from(data[(y * width + x) * channels + channel]);
                            count += 1;
                        }
                    }
                    out.push(((sum + count / 2) / count.max(1)) as u8);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn large_images_are_averaged() {
        // 400×2: columns of 3 pixels each become one; every pixel's value is its column.
        let data: Vec<u8> = (0..800).map(|i| (i % 400 / 3) as u8).collect();
        let image = Image {
            width: 400,
            height: 2,
            pixels: Pixels::Grey(&data),
        };
        let (_, width, height) = image.to_png("x").unwrap();
        assert_eq!((width, height), (134, 1));
        let reduced = image.reduced(&data, 1, 3);
        assert_eq!(reduced, (0..134).map(|i| i as u8).collect::<Vec<_>>());
    }
}
