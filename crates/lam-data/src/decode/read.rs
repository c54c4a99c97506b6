use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{DecodeLimits, ImageFault, ImageFormat, Picture, jpeg, png, webp};

/// Decodes a JPEG, PNG or WebP file into red, green and blue, as Pillow's `Image.open(file).convert("RGB")` does:
///
/// - grey becomes three equal channels, a palette its colours;
/// - alpha is dropped, not blended: what lies behind transparent pixels shows;
/// - CMYK and YCCK JPEGs count as inverted, as Adobe writes them;
/// - the orientation that EXIF data name is not applied, and colour profiles are not;
/// - 16 bits are reduced to the upper 8. For 16-bit grey alone this is not what Pillow does: it turns everything
///   above 255 white.
///
/// A file that is cut off is an error. A JPEG that is complete but holds wrong codes is shown as far as it goes, as
/// libjpeg does.
///
/// # Errors
/// [`ImageFault`], whatever the bytes are. The limits are checked before memory is taken.
pub fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Picture, ImageFault> {
    if bytes.is_empty() {
        return Err(ImageFault::Empty);
    }
    limits.check_bytes(bytes.len() as u64)?;
    let format = ImageFormat::of(bytes).ok_or(ImageFault::UnknownFormat)?;
    let decoder = match format {
        ImageFormat::Jpeg => jpeg::decode,
        ImageFormat::Png => png::decode,
        ImageFormat::WebP => webp::decode,
    };
    // A decoder that panics over damaged data must not end the training.
    catch_unwind(AssertUnwindSafe(|| decoder(bytes, limits))).unwrap_or_else(|_| {
        Err(ImageFault::Damaged {
            format,
            message: "the decoder gave up".to_owned(),
        })
    })
}

/// The picture that a decoder made, or that it made none.
pub(super) fn finished(
    format: ImageFormat,
    width: usize,
    height: usize,
    pixels: Vec<u8>,
) -> Result<Picture, ImageFault> {
    Picture::new(width, height, pixels).ok_or_else(|| ImageFault::Damaged {
        format,
        message: "the decoder delivered another number of pixels than the header promises"
            .to_owned(),
    })
}
