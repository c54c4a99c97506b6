use pulp::Arch;

use super::taps::{PRECISION, Taps};
use super::{Filter, Region};
use crate::decode::Picture;

/// The part `window` of what the part `crop` of a picture becomes when it is resized to `size` (width, height).
///
/// Equal to the bit to Pillow's `picture.crop(crop).resize(size).crop(window)`, which is what torchvision's `resize`
/// does with such pictures: rows first, then columns, rounded to bytes in between (Pillow 13 begins with the columns where
/// that is less work, and differs by one of 255 there). Only what the window needs is
/// computed.
///
/// `None` if the crop does not fit the picture, or the window the size.
pub fn resize(
    picture: &Picture,
    crop: Region,
    size: (usize, usize),
    window: Region,
    filter: Filter,
) -> Option<Picture> {
    if !crop.fits(picture.width(), picture.height()) || !window.fits(size.0, size.1) {
        return None;
    }
    let columns = (crop.width != size.0).then(|| {
        let wanted = window.left..window.left + window.width;
        Taps::new(crop.width, size.0, wanted, filter)
    });
    let rows = (crop.height != size.1).then(|| {
        let wanted = window.top..window.top + window.height;
        Taps::new(crop.height, size.1, wanted, filter)
    });
    let needed = match &rows {
        Some(rows) => rows.needed(),
        None => window.top..window.top + window.height,
    };
    let source_rows = needed
        .clone()
        .map(|row| &picture.row(crop.top + row)[crop.left * 3..][..crop.width * 3]);
    let width = window.width * 3;
    let mut narrowed = vec![0; needed.len() * width];
    match &columns {
        None => {
            for (source, target) in source_rows.zip(narrowed.chunks_exact_mut(width)) {
                target.copy_from_slice(&source[window.left * 3..][..width]);
            }
        }
        Some(columns) => {
            let mut padded = Vec::with_capacity(crop.width);
            for (source, target) in source_rows.zip(narrowed.chunks_exact_mut(width)) {
                Arch::new().dispatch(|| horizontal(source, columns, &mut padded, target));
            }
        }
    }
    let pixels = match &rows {
        None => narrowed,
        Some(rows) => {
            let mut pixels = vec![0; window.height * width];
            let mut sums = vec![0; width];
            for ((first, weights), target) in rows.iter().zip(pixels.chunks_exact_mut(width)) {
                let source = &narrowed[(first - needed.start) * width..];
                Arch::new().dispatch(|| vertical(source, weights, &mut sums, target));
            }
            pixels
        }
    };
    Picture::new(window.width, window.height, pixels)
}

/// Half of the last bit that is kept.
const HALF: i32 = 1 << (PRECISION - 1);

#[inline(always)]
fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// One row, `[crop width, 3]`, into `[window width, 3]`.
#[inline(always)]
fn horizontal(source: &[u8], columns: &Taps, padded: &mut Vec<[i32; 4]>, target: &mut [u8]) {
    // Four values a pixel, so that a pixel is one register.
    padded.clear();
    padded.extend(source.chunks_exact(3).map(|pixel| {
        [
            i32::from(pixel[0]),
            i32::from(pixel[1]),
            i32::from(pixel[2]),
            0,
        ]
    }));
    for ((first, weights), to) in columns.iter().zip(target.chunks_exact_mut(3)) {
        let mut sums = [HALF; 4];
        for (pixel, &weight) in padded[first..][..weights.len()].iter().zip(weights) {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += value * weight;
            }
        }
        for (to, &sum) in to.iter_mut().zip(&sums) {
            *to = to_byte(sum);
        }
    }
}

/// The rows of `source` in the given weights, into one row.
#[inline(always)]
fn vertical(source: &[u8], weights: &[i32], sums: &mut [i32], target: &mut [u8]) {
    sums.fill(HALF);
    for (row, &weight) in source.chunks_exact(target.len()).zip(weights) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += i32::from(value) * weight;
        }
    }
    for (to, &sum) in target.iter_mut().zip(sums.iter()) {
        *to = to_byte(sum);
    }
}
