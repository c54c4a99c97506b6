//! Encoded pictures as pixels.

use std::io::Cursor;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::ImageShape;

/// What a PNG file begins with.
const PNG: &[u8] = b"\x89PNG";

/// Decodes a colour picture of a known shape, a JPEG or PNG, into `[3, H, W]`.
///
/// # Errors
/// What is wrong with it, for people.
pub(crate) fn decode(bytes: &[u8], shape: ImageShape, out: &mut [u8]) -> Result<(), String> {
    let (width, height, pixels) = if bytes.starts_with(PNG) {
        png(bytes, shape)?
    } else {
        jpeg(bytes, shape)?
    };
    if (width, height) != (shape.width, shape.height) || pixels.len() != shape.numel() {
        return Err(format!("a picture of {width}×{height}, expected {shape}"));
    }
    let plane = width * height;
    for (at, pixel) in pixels.chunks_exact(3).enumerate() {
        for (channel, &value) in pixel.iter().enumerate() {
            out[channel * plane + at] = value;
        }
    }
    Ok(())
}

fn jpeg(bytes: &[u8], shape: ImageShape) -> Result<(usize, usize, Vec<u8>), String> {
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_strict_mode(true)
        .set_max_width(shape.width)
        .set_max_height(shape.height);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = decoder.decode().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    Ok((width, height, pixels))
}

fn png(bytes: &[u8], shape: ImageShape) -> Result<(usize, usize, Vec<u8>), String> {
    let mut reader = png::Decoder::new(Cursor::new(bytes))
        .read_info()
        .map_err(|error| error.to_string())?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    if (width, height) != (shape.width, shape.height) {
        return Err(format!("a picture of {width}×{height}, expected {shape}"));
    }
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(0)];
    let info = reader
        .next_frame(&mut pixels)
        .map_err(|error| error.to_string())?;
    if info.color_type != png::ColorType::Rgb || info.bit_depth != png::BitDepth::Eight {
        return Err("a picture that is not of 8-bit colour".to_owned());
    }
    pixels.truncate(info.buffer_size());
    Ok((width, height, pixels))
}
