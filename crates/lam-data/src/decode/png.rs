use std::io::{Cursor, ErrorKind};

use png::{ColorType, Decoder, DecodingError, Limits, Transformations};

use super::read::finished;
use super::{DecodeLimits, ImageFault, ImageFormat, Picture};

pub(super) fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Picture, ImageFault> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let header = decoder.read_header_info().map_err(fault)?;
    let (width, height) = (header.width, header.height);
    limits.check_size(u64::from(width), u64::from(height))?;
    // Beside the pixels: a row or two of at most 8 bytes a pixel, and small chunks.
    decoder.set_limits(Limits {
        bytes: (64 << 20) + width as usize * 64,
    });
    let mut reader = decoder.read_info().map_err(fault)?;
    let size = reader
        .output_buffer_size()
        .ok_or(ImageFault::TooManyPixels {
            width: u64::from(width),
            height: u64::from(height),
            limit: limits.pixels,
        })?;
    let mut values = vec![0; size];
    reader.next_frame(&mut values).map_err(fault)?;
    let pixels = match reader.output_color_type().0 {
        ColorType::Rgb => values,
        ColorType::Rgba => without_alpha(&values),
        ColorType::Grayscale => values.iter().flat_map(|&grey| [grey; 3]).collect(),
        ColorType::GrayscaleAlpha => values
            .chunks_exact(2)
            .flat_map(|pixel| [pixel[0]; 3])
            .collect(),
        ColorType::Indexed => {
            return Err(ImageFault::Damaged {
                format: ImageFormat::Png,
                message: "it has no palette".to_owned(),
            });
        }
    };
    finished(ImageFormat::Png, width as usize, height as usize, pixels)
}

/// Red, green and blue of `[pixels, 4]`.
pub(super) fn without_alpha(values: &[u8]) -> Vec<u8> {
    let mut colours = Vec::with_capacity(values.len() / 4 * 3);
    for pixel in values.chunks_exact(4) {
        colours.extend_from_slice(&pixel[..3]);
    }
    colours
}

fn fault(error: DecodingError) -> ImageFault {
    let format = ImageFormat::Png;
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
