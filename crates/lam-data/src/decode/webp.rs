use std::io::{Cursor, ErrorKind};

use image_webp::{DecodingError, WebPDecoder};

use super::png::without_alpha;
use super::read::finished;
use super::{DecodeLimits, ImageFault, ImageFormat, Picture};

pub(super) fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Picture, ImageFault> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(fault)?;
    let (width, height) = decoder.dimensions();
    limits.check_size(u64::from(width), u64::from(height))?;
    let size = decoder
        .output_buffer_size()
        .ok_or(ImageFault::TooManyPixels {
            width: u64::from(width),
            height: u64::from(height),
            limit: limits.pixels,
        })?;
    decoder.set_memory_limit(size + (64 << 20));
    let mut values = vec![0; size];
    decoder.read_image(&mut values).map_err(fault)?;
    let pixels = if decoder.has_alpha() {
        without_alpha(&values)
    } else {
        values
    };
    finished(ImageFormat::WebP, width as usize, height as usize, pixels)
}

fn fault(error: DecodingError) -> ImageFault {
    let format = ImageFormat::WebP;
    match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            ImageFault::Truncated { format }
        }
        error => ImageFault::Damaged {
            format,
            message: error.to_string(),
        },
    }
}
