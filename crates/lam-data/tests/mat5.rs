//! MATLAB files, written by SciPy, and what is not one.

use crate::common::tree;

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use lam_data::{MatArray, read_mat5};
use proptest::prelude::*;
use tree::{Tree, says};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/formats")
        .join(name)
}

/// Value of row h, column w, channel c of image n, as `make.py` has it.
fn pixel(h: usize, w: usize, c: usize, n: usize) -> u8 {
    ((n * 29 + c * 50 + h * 7 + w * 13) % 256) as u8
}

fn assert_images(x: &MatArray, images: usize) {
    for n in 0..images {
        for c in 0..3 {
            for w in 0..32 {
                for h in 0..32 {
                    let at = h + 32 * (w + 32 * (c + 3 * n));
                    assert_eq!(x.values[at], pixel(h, w, c, n), "{h} {w} {c} {n}");
                }
            }
        }
    }
    assert_eq!(x.values.len(), images * 3072);
}

#[test]
fn deflated_arrays() {
    let [x, y] = read_mat5(&fixture("svhn_deflated.mat"), ["X", "y"]).unwrap();
    assert_eq!(x.dims, [32, 32, 3, 3]);
    assert_images(&x, 3);
    assert_eq!(
        (y.dims.as_slice(), y.values.as_slice()),
        (&[3, 1][..], &[10, 1, 9][..])
    );
}

#[test]
fn arrays_of_doubles_in_any_order_among_others() {
    let [y, x] = read_mat5(&fixture("svhn_double.mat"), ["y", "X"]).unwrap();
    assert_images(&x, 3);
    assert_eq!(y.values, [10, 1, 9]);
}

#[test]
fn plain_arrays_with_values_inside_of_a_tag() {
    let [x, y] = read_mat5(&fixture("svhn_plain.mat"), ["X", "y"]).unwrap();
    assert_images(&x, 1);
    assert_eq!(y.values, [10]);
}

#[test]
fn an_array_that_is_missing_or_no_numbers() {
    let file = fixture("svhn_double.mat");
    says(
        read_mat5(&file, ["Z"]),
        &["svhn_double.mat", "no array 'Z'"],
    );
    says(
        read_mat5(&file, ["note"]),
        &["array 'note' is not of real numbers"],
    );
}

#[test]
fn other_formats_are_named() {
    let tree = Tree::new();
    let mut header = [b' '; 128];
    let mut file_with = |start: &[u8], end: [u8; 4]| {
        header[..start.len()].copy_from_slice(start);
        header[124..].copy_from_slice(&end);
        tree.write("a.mat", header)
    };
    let hdf = file_with(b"MATLAB 7.3 MAT-file", [0, 2, b'I', b'M']);
    says(
        read_mat5(&hdf, ["X"]),
        &["a.mat", "version 7.3; save it with -v7"],
    );
    let big = file_with(b"MATLAB 5.0 MAT-file", [1, 0, b'M', b'I']);
    says(read_mat5(&big, ["X"]), &["big-endian"]);
    let page = tree.write("b.mat", b"<html>".repeat(40));
    says(read_mat5(&page, ["X"]), &["b.mat", "header"]);
    let empty = tree.write("c.mat", b"");
    says(read_mat5(&empty, ["X"]), &["c.mat", "cut off"]);
    says(
        read_mat5(&tree.path("none.mat"), ["X"]),
        &["none.mat", "reading"],
    );
}

/// An array of bytes named X: its dimensions, the length its tag promises, and its values.
fn file_of(dims: &[i32], promised: u32, values: &[u8], deflated: bool) -> Vec<u8> {
    let mut matrix = Vec::new();
    let words = |out: &mut Vec<u8>, words: &[u32]| {
        words.iter().for_each(|word| out.extend(word.to_le_bytes()));
    };
    words(&mut matrix, &[6, 8, 9, 0, 5, 4 * dims.len() as u32]);
    dims.iter().for_each(|dim| matrix.extend(dim.to_le_bytes()));
    matrix.resize(matrix.len().next_multiple_of(8), 0);
    words(&mut matrix, &[1 << 16 | 1, u32::from(b'X'), 2, promised]);
    matrix.extend(values);
    matrix.resize(matrix.len().next_multiple_of(8), 0);
    let mut element = Vec::new();
    words(&mut element, &[14, matrix.len() as u32]);
    element.extend(matrix);
    let mut file = vec![b' '; 124];
    file.extend([0, 1, b'I', b'M']);
    if deflated {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&element).unwrap();
        element = encoder.finish().unwrap();
        words(&mut file, &[15, element.len() as u32]);
    }
    file.extend(element);
    file
}

#[test]
fn promises_are_checked_before_they_are_believed() {
    let tree = Tree::new();
    for deflated in [false, true] {
        let read = |name, dims: &[i32], promised, values: &[u8]| {
            let content = file_of(dims, promised, values, deflated);
            read_mat5(&tree.write(name, content), ["X"])
        };
        let [right] = read("right.mat", &[2, 3], 6, &[1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(
            (right.dims, right.values),
            (vec![2, 3], vec![1, 2, 3, 4, 5, 6])
        );
        let huge = read("huge.mat", &[65_536, 65_536], u32::MAX, &[0; 8]);
        says(huge, &["huge.mat", "more than the"]);
        let overflow = read("overflow.mat", &[i32::MAX; 4], 8, &[0; 8]);
        says(overflow, &["more than the"]);
        says(
            read("negative.mat", &[-1, -6], 6, &[0; 6]),
            &["negative dimension"],
        );
        says(
            read("other.mat", &[2, 2], 6, &[0; 6]),
            &["of [2, 2] values, but 6"],
        );
        // Two gigabytes are promised, eight bytes are there.
        let long = read("long.mat", &[1 << 15, 1 << 16], 1 << 31, &[0; 8]);
        says(long, &["cut off"]);
    }
}

#[test]
fn every_cut_and_every_damaged_byte_is_an_error_or_changes_values_only() {
    let tree = Tree::new();
    let whole = std::fs::read(fixture("svhn_deflated.mat")).unwrap();
    for len in (0..whole.len()).step_by(11) {
        let file = tree.write("cut.mat", &whole[..len]);
        assert!(read_mat5(&file, ["X", "y"]).is_err(), "{len}");
    }
    let [x, _] = read_mat5(&fixture("svhn_deflated.mat"), ["X", "y"]).unwrap();
    for at in (128..whole.len()).step_by(3) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        let file = tree.write("damaged.mat", damaged);
        // Checksums see what the structure does not.
        if let Ok([found, _]) = read_mat5(&file, ["X", "y"]) {
            assert_eq!(found, x, "{at}");
        }
    }
}

proptest! {
    #[test]
    fn no_content_panics(content in proptest::collection::vec(any::<u8>(), 0..400)) {
        let tree = Tree::new();
        let mut file = vec![b' '; 124];
        file.extend([0, 1, b'I', b'M']);
        file.extend(content);
        prop_assert!(read_mat5(&tree.write("x.mat", file), ["X"]).is_err());
    }
}
