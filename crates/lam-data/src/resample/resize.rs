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
            let source_rows: Vec<&[u8]> = source_rows.collect();
            let mut abreast = vec![[0; 4 * ABREAST]; crop.width];
            let targets = narrowed.chunks_mut(ABREAST * width);
            for (sources, targets) in source_rows.chunks(ABREAST).zip(targets) {
                Arch::new().dispatch(|| horizontal(sources, columns, &mut abreast, targets));
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

/// Rows that are resized together, so that a weight meets a whole register of values.
const ABREAST: usize = 4;

/// Up to [`ABREAST`] rows, `[crop width, 3]` each, into as many, `[window width, 3]` each. `abreast` is for the values
/// of a column side by side, red, green, blue and nothing of each row.
#[inline(always)]
fn horizontal(
    sources: &[&[u8]],
    columns: &Taps,
    abreast: &mut [[i32; 4 * ABREAST]],
    targets: &mut [u8],
) {
    for (row, source) in sources.iter().enumerate() {
        for (values, &[red, green, blue]) in abreast.iter_mut().zip(source.as_chunks().0) {
            let [r, g, b, _] = &mut values.as_chunks_mut().0[row];
            (*r, *g, *b) = (i32::from(red), i32::from(green), i32::from(blue));
        }
    }
    let width = targets.len() / sources.len().max(1);
    for (column, (first, weights)) in columns.iter().enumerate() {
        let mut sums = [HALF; 4 * ABREAST];
        for (values, &weight) in abreast[first..][..weights.len()].iter().zip(weights) {
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum += value * weight;
            }
        }
        let bytes = sums.map(to_byte);
        let rows = targets.chunks_exact_mut(width.max(1));
        for (target, pixel) in rows.zip(bytes.chunks_exact(4)) {
            target[column * 3..][..3].copy_from_slice(&pixel[..3]);
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
