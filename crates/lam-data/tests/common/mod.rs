//! Small data sets made by the tests.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses some of it

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

pub mod pictures;
pub mod server;
pub mod tree;

/// An IDX file of bytes.
pub fn idx(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, dims.len() as u8];
    for dim in dims {
        file.extend_from_slice(&dim.to_be_bytes());
    }
    file.extend_from_slice(values);
    file
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Grey value of pixel `p` of image `i`.
pub fn pixel(i: usize, p: usize) -> u8 {
    ((i * 31 + p * 7) % 256) as u8
}

/// `count` images of 28×28, labels 3, 4, …, 9, 0, 1, 2, 3, ….
pub fn digits(count: usize) -> (Vec<u8>, Vec<u8>) {
    let pixels: Vec<u8> = (0..count)
        .flat_map(|i| (0..784).map(move |p| pixel(i, p)))
        .collect();
    let labels: Vec<u8> = (0..count).map(|i| ((i + 3) % 10) as u8).collect();
    (
        idx(&[count as u32, 28, 28], &pixels),
        idx(&[count as u32], &labels),
    )
}

/// Writes `count` images as the test files of a data set in MNIST's format.
pub fn write_test_files(folder: &Path, count: usize) {
    let (images, labels) = digits(count);
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("t10k-images-idx3-ubyte.gz"), gzip(&images)).unwrap();
    std::fs::write(folder.join("t10k-labels-idx1-ubyte.gz"), gzip(&labels)).unwrap();
}
