//! Encoded pictures into red, green and blue.
use crate::common::pictures::{cases, decoded, differences, encoded_png, file, pattern, plain_png};
use lam_data::{DecodeLimits, ImageFault, ImageFormat, decode};
use proptest::prelude::*;

/// Lossless formats to the bit; lossy ones within a step of rounding, which decoders are free in.
#[test]
fn golden_pictures_decode_as_pillow_decodes_them() {
    let cases = cases("decode");
    assert!(cases.len() >= 20);
    for case in cases {
        let name = case["file"].as_str().unwrap();
        let found = decoded(&file(&case["file"]));
        let expected = plain_png(&file(&case["expected"]));
        assert_eq!(
            (found.width(), found.height()),
            (expected.width(), expected.height()),
            "{name}"
        );
        let (mean, most) = differences(found.pixels(), expected.pixels());
        let lossless =
            name.ends_with(".png") || name.contains("lossless") || name == "animated.webp";
        let allowed = if lossless { 0.0 } else { 1.0 };
        assert!(
            mean <= allowed,
            "{name}: mean difference {mean}, largest {most}"
        );
    }
}

#[test]
fn a_file_that_is_cut_off_is_an_error() {
    for case in cases("decode") {
        let name = case["file"].as_str().unwrap();
        let bytes = file(&case["file"]);
        for length in [bytes.len() / 3, bytes.len() / 2, bytes.len() * 3 / 4] {
            let result = decode(&bytes[..length], DecodeLimits::default());
            // Of an animation the first frame may be whole.
            if name != "animated.webp" {
                assert!(result.is_err(), "{name} cut to {length} of {}", bytes.len());
            }
        }
    }
}

#[test]
fn faults_say_what_is_wrong() {
    let fault = |bytes: &[u8]| decode(bytes, DecodeLimits::default()).unwrap_err();
    assert!(matches!(fault(b""), ImageFault::Empty));
    assert!(matches!(fault(b"GIF89a..."), ImageFault::UnknownFormat));
    assert!(matches!(fault(b"<html>"), ImageFault::UnknownFormat));
    let jpeg = file(&"444.jpg".into());
    let cut = fault(&jpeg[..jpeg.len() / 2]);
    assert!(
        matches!(
            cut,
            ImageFault::Truncated {
                format: ImageFormat::Jpeg
            }
        ),
        "{cut}"
    );
    let png = encoded_png(&pattern(20, 20, 0));
    let cut = fault(&png[..png.len() / 2]);
    assert!(
        matches!(
            cut,
            ImageFault::Truncated {
                format: ImageFormat::Png
            }
        ),
        "{cut}"
    );
}

/// libjpeg shows it as far as it goes, with a warning, because its end is there.
#[test]
fn a_complete_jpeg_with_wrong_codes_is_shown() {
    let mut jpeg = file(&"444.jpg".into());
    let middle = jpeg.len() / 2;
    jpeg.drain(middle..middle + 40);
    let picture = decoded(&jpeg);
    assert_eq!((picture.width(), picture.height()), (33, 26));
}

#[test]
fn limits_hold_before_memory_is_taken() {
    let png = encoded_png(&pattern(20, 10, 0));
    let limits = |bytes, pixels| DecodeLimits { bytes, pixels };
    assert!(decode(&png, limits(png.len() as u64, 200)).is_ok());
    assert!(matches!(
        decode(&png, limits(png.len() as u64, 199)),
        Err(ImageFault::TooManyPixels {
            width: 20,
            height: 10,
            limit: 199
        })
    ));
    assert!(matches!(
        decode(&png, limits(png.len() as u64 - 1, 200)),
        Err(ImageFault::TooManyBytes { .. })
    ));
    // A header alone that promises 10 gigapixels, its checksum right.
    let mut header = png[..29].to_vec();
    header[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    let mut crc = flate2::Crc::new();
    crc.update(&header[12..29]);
    header.extend(crc.sum().to_be_bytes());
    assert!(matches!(
        decode(&header, DecodeLimits::default()),
        Err(ImageFault::TooManyPixels { width: 100_000, .. })
    ));
    // Headers of JPEG and WebP name their size too.
    for name in ["444.jpg", "lossy.webp", "lossless.webp"] {
        let result = decode(&file(&name.into()), limits(1 << 20, 33 * 26 - 1));
        assert!(
            matches!(result, Err(ImageFault::TooManyPixels { .. })),
            "{name}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_panic(case in 0..19_usize, noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12), cut in any::<prop::sample::Index>(), whole: bool) {
        let cases = cases("decode");
        let mut bytes = file(&cases[case % cases.len()]["file"]);
        for (at, value) in noise {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        // A changed header may ask for a lot; that is what limits are for.
        let limits = DecodeLimits { bytes: 1 << 20, pixels: 1 << 20 };
        if let Ok(picture) = decode(&bytes, limits) {
            prop_assert_eq!(picture.pixels().len(), picture.width() * picture.height() * 3);
        }
    }

    #[test]
    fn no_content_after_a_right_beginning_panics(format in 0..3_usize, content in prop::collection::vec(any::<u8>(), 0..200)) {
        let beginning: &[u8] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n".as_slice(), b"RIFF\x64\0\0\0WEBPVP8 "][format];
        let bytes = [beginning, &content].concat();
        let limits = DecodeLimits { bytes: 1 << 20, pixels: 1 << 20 };
        let result = decode(&bytes, limits);
        prop_assert!(result.is_err());
    }

    #[test]
    fn lossless_files_give_their_pixels_back(width in 1..20_usize, height in 1..20_usize, seed in 0..1000_usize) {
        let picture = pattern(width, height, seed);
        prop_assert_eq!(decoded(&encoded_png(&picture)), picture);
    }
}
