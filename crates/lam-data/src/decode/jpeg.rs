use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::read::finished;
use super::{DecodeLimits, ImageFault, ImageFormat, Picture};

pub(super) fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Picture, ImageFault> {
    match decode_in_mode(bytes, limits, true) {
        // What libjpeg only warns of. A file that is cut off is told by its missing end.
        Err(ImageFault::Damaged { .. }) if has_end(bytes) => decode_in_mode(bytes, limits, false),
        Err(ImageFault::Damaged { .. }) => Err(ImageFault::Truncated {
            format: ImageFormat::Jpeg,
        }),
        result => result,
    }
}

fn decode_in_mode(bytes: &[u8], limits: DecodeLimits, strict: bool) -> Result<Picture, ImageFault> {
    let side = usize::from(u16::MAX);
    let options = DecoderOptions::default()
        .set_max_width(side)
        .set_max_height(side)
        .set_strict_mode(strict)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let info = decoder.info().ok_or_else(|| fault("no frame header"))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    limits.check_size(width as u64, height as u64)?;
    if !matches!(info.components, 1 | 3 | 4) {
        return Err(fault("neither one nor three nor four channels"));
    }
    let pixels = decoder.decode().map_err(damaged)?;
    finished(ImageFormat::Jpeg, width, height, pixels)
}

/// Whether an end-of-image marker follows the last scan's header. Within coded data it cannot occur.
fn has_end(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    match (last(0xda), last(0xd9)) {
        (Some(scan), Some(end)) => scan < end,
        _ => false,
    }
}

fn damaged(error: DecodeErrors) -> ImageFault {
    fault(&error.to_string())
}

fn fault(message: &str) -> ImageFault {
    ImageFault::Damaged {
        format: ImageFormat::Jpeg,
        message: message.to_owned(),
    }
}
