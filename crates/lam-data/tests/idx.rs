//! Reading IDX files, damaged and malicious ones included.
use std::path::{Path, PathBuf};

use crate::common::{gzip, idx};
use lam_data::{DataError, IdxArray, Source, read_idx};
use proptest::prelude::*;

fn read(content: &[u8], rank: usize) -> Result<IdxArray, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digits");
    std::fs::write(&path, content).unwrap();
    let result = read_idx(&Source::File(path.clone()), rank);
    if let Err(error) = &result {
        let message = error.to_string();
        assert!(message.contains(path.to_str().unwrap()), "{message}");
    }
    result
}

#[test]
fn content_decides_whether_it_is_gzip() {
    let plain = idx(&[2, 2, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let array = read(&plain, 3).unwrap();
    assert_eq!(array.dims, [2, 2, 3]);
    assert_eq!(array.values, (1..=12).collect::<Vec<u8>>());
    assert_eq!(read(&gzip(&plain), 3).unwrap(), array);
}

#[test]
fn missing_file_is_named() {
    let path = PathBuf::from("no/such/file.gz");
    let error = read_idx(&Source::File(path.clone()), 1).unwrap_err();
    assert!(matches!(error, DataError::Io { file, .. } if file == path));
}

#[test]
fn wrong_magic() {
    let error = read(b"<!DOCTYPE html><html>", 3).unwrap_err();
    assert!(matches!(
        error,
        DataError::WrongMagic {
            found: 0x3c21_444f,
            expected: 0x0803,
            ..
        }
    ));
    // A gzip file inside a gzip file.
    let error = read(&gzip(&gzip(&idx(&[1], &[1]))), 1).unwrap_err();
    assert!(matches!(error, DataError::WrongMagic { .. }), "{error}");
}

#[test]
fn wrong_type() {
    let mut floats = idx(&[1], &[0, 0, 0, 0]);
    floats[2] = 0x0d;
    let error = read(&floats, 1).unwrap_err();
    assert!(matches!(error, DataError::WrongType { found: 0x0d, .. }));
}

#[test]
fn images_in_place_of_labels() {
    let error = read(&idx(&[1, 1, 1], &[1]), 1).unwrap_err();
    assert!(matches!(
        error,
        DataError::WrongRank {
            found: 3,
            expected: 1,
            ..
        }
    ));
}

#[test]
fn cut_off_anywhere_plain() {
    let whole = idx(&[3, 2, 2], &[7; 12]);
    for len in 0..whole.len() {
        let error = read(&whole[..len], 3).unwrap_err();
        let expected = if len < 16 {
            matches!(error, DataError::TruncatedHeader { .. })
        } else {
            matches!(error, DataError::Truncated { expected: 12, .. })
        };
        assert!(expected, "{len} bytes: {error}");
    }
}

#[test]
fn cut_off_anywhere_gzip() {
    let values: Vec<u8> = (0..200u32).map(|i| (i * i % 251) as u8).collect();
    let whole = gzip(&idx(&[2, 10, 10], &values));
    for len in 2..whole.len() {
        let error = read(&whole[..len], 3).unwrap_err();
        assert!(
            matches!(
                error,
                DataError::TruncatedHeader { .. } | DataError::Truncated { .. }
            ),
            "{len} bytes: {error}"
        );
    }
}

#[test]
fn every_damaged_byte_of_a_gzip_stream_is_noticed() {
    let values: Vec<u8> = (0..200u32).map(|i| (i * i % 251) as u8).collect();
    let whole = gzip(&idx(&[2, 10, 10], &values));
    let right = read(&whole, 3).unwrap();
    let mut unnoticed = 0;
    // The ten bytes before are the header: time and operating system may be anything.
    for at in 10..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        if let Ok(array) = read(&damaged, 3) {
            assert_eq!(array, right, "byte {at}");
            unnoticed += 1;
        }
    }
    assert!(unnoticed <= 2, "{unnoticed}"); // padding bits mean nothing
    let mut wrong_sum = whole.clone();
    let sum = whole.len() - 8;
    wrong_sum[sum] ^= 1;
    let error = read(&wrong_sum, 3).unwrap_err();
    assert!(matches!(error, DataError::CorruptGzip { .. }), "{error}");
}

#[test]
fn bytes_too_many() {
    let long = idx(&[2], &[1, 2, 3]);
    let error = read(&long, 1).unwrap_err();
    assert!(matches!(
        error,
        DataError::TrailingBytes { expected: 2, .. }
    ));
    let error = read(&gzip(&long), 1).unwrap_err();
    assert!(matches!(
        error,
        DataError::TrailingBytes { expected: 2, .. }
    ));
    let mut garbage = gzip(&idx(&[2], &[1, 2]));
    garbage.extend_from_slice(b"garbage");
    let error = read(&garbage, 1).unwrap_err();
    assert!(
        matches!(error, DataError::TrailingGarbage { .. }),
        "{error}"
    );
}

#[test]
fn lying_headers_do_not_allocate() {
    // 4 GiB × 4 GiB × 4 GiB, and just above the limit.
    for dims in [[u32::MAX; 3], [1 << 11, 1 << 10, (1 << 10) + 1]] {
        for content in [idx(&dims, &[]), gzip(&idx(&dims, &[]))] {
            let error = read(&content, 3).unwrap_err();
            assert!(matches!(error, DataError::TooLarge { .. }), "{error}");
        }
    }
    // Within the limit, but more than so small a file can hold.
    let dims = [2000, 1000, 1000];
    for content in [idx(&dims, &[1; 50]), gzip(&idx(&dims, &[1; 50]))] {
        let error = read(&content, 3).unwrap_err();
        assert!(
            matches!(error, DataError::Truncated { found: None, .. }),
            "{error}"
        );
    }
}

#[test]
fn a_gzip_bomb_is_left_after_one_byte() {
    // 64 MiB of zeros behind a header that promises four values.
    let mut content = idx(&[4], &[]);
    content.resize(content.len() + (64 << 20), 0);
    let bomb = gzip(&content);
    assert!(bomb.len() < 100_000);
    let error = read(&bomb, 1).unwrap_err();
    assert!(matches!(
        error,
        DataError::TrailingBytes { expected: 4, .. }
    ));
}

#[test]
fn embedded_bytes_are_read_like_a_file() {
    static CONTENT: &[u8] = &[0, 0, 8, 1, 0, 0, 0, 2, 5, 6];
    let array = read_idx(&Source::Embedded("two", CONTENT), 1).unwrap();
    assert_eq!(array.values, [5, 6]);
    let error = read_idx(&Source::Embedded("two", &CONTENT[..9]), 1).unwrap_err();
    assert!(matches!(error, DataError::Truncated { file, .. } if file == Path::new("two")));
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        (n, h, w) in (0u32..5, 0u32..6, 0u32..6),
        seed in any::<u8>(),
        zipped in any::<bool>(),
    ) {
        let values: Vec<u8> = (0..n * h * w).map(|i| (i as u8).wrapping_mul(seed)).collect();
        let plain = idx(&[n, h, w], &values);
        let array = read(&if zipped { gzip(&plain) } else { plain }, 3).unwrap();
        prop_assert_eq!(array.dims, vec![n as usize, h as usize, w as usize]);
        prop_assert_eq!(array.values, values);
    }

    #[test]
    fn no_bytes_make_it_panic(content in prop::collection::vec(any::<u8>(), 0..200), zipped in any::<bool>()) {
        let content = if zipped { gzip(&content) } else { content };
        if let Ok(array) = read(&content, 1) {
            prop_assert_eq!(array.dims[0], array.values.len());
        }
    }
}
