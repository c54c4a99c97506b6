//! Pictures made with Pillow and torchvision; `fixtures/pictures/make_golden_pictures.py` makes them.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use lam_data::{DecodeLimits, Picture, decode};
use serde_json::Value;

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures")
}

/// A list of `cases.json`.
pub fn cases(list: &str) -> Vec<Value> {
    let text = fs::read(folder().join("cases.json")).unwrap();
    let cases: Value = serde_json::from_slice(&text).unwrap();
    cases[list].as_array().unwrap().clone()
}

pub fn file(name: &Value) -> Vec<u8> {
    fs::read(folder().join(name.as_str().unwrap())).unwrap()
}

pub fn number(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

/// An 8-bit colour PNG, read without the code under test.
pub fn plain_png(bytes: &[u8]) -> Picture {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    Picture::new(info.width as usize, info.height as usize, pixels).unwrap()
}

pub fn decoded(bytes: &[u8]) -> Picture {
    decode(bytes, DecodeLimits::default()).unwrap()
}

/// A colour PNG of these pixels.
pub fn encoded_png(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(picture.pixels()).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A colourful picture of any size.
pub fn pattern(width: usize, height: usize, seed: usize) -> Picture {
    let value = |at: usize| ((at * 37 + at * at / 11 + seed * 101) % 256) as u8;
    Picture::new(width, height, (0..width * height * 3).map(value).collect()).unwrap()
}

/// Mean and largest difference of values, of 255.
pub fn differences(found: &[u8], expected: &[u8]) -> (f64, u8) {
    assert_eq!(found.len(), expected.len());
    let each = || found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = each().map(f64::from).sum();
    (sum / found.len() as f64, each().max().unwrap_or(0))
}
