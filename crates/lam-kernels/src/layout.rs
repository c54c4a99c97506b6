//! Channels first and channels last.

use rayon::prelude::*;

use crate::error::check_len;
use crate::{Images, KernelError};

/// Order of the numbers of a batch of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `[N, C, H, W]`: PyTorch's and Burn's order.
    Nchw,
    /// `[N, H, W, C]`: the order of the kernels.
    Nhwc,
}

/// Channels first to channels last. With one channel the two are the same: no need to call this.
///
/// # Errors
/// If a length does not fit the shape.
pub fn nchw_to_nhwc(
    images: Images,
    channels: usize,
    x: &[f32],
    out: &mut [f32],
) -> Result<(), KernelError> {
    let pixels = images.height * images.width;
    transpose_images(images, channels, x, out, channels, pixels)
}

/// Channels last to channels first.
///
/// # Errors
/// If a length does not fit the shape.
pub fn nhwc_to_nchw(
    images: Images,
    channels: usize,
    x: &[f32],
    out: &mut [f32],
) -> Result<(), KernelError> {
    let pixels = images.height * images.width;
    transpose_images(images, channels, x, out, pixels, channels)
}

fn transpose_images(
    images: Images,
    channels: usize,
    x: &[f32],
    out: &mut [f32],
    rows: usize,
    columns: usize,
) -> Result<(), KernelError> {
    let elements = images.elements(channels)?;
    check_len("the input", x.len(), elements)?;
    check_len("the output", out.len(), elements)?;
    if elements > 0 {
        out.par_chunks_exact_mut(rows * columns)
            .zip(x.par_chunks_exact(rows * columns))
            .for_each(|(out, x)| transpose(x, columns, out, rows));
    }
    Ok(())
}

/// `x` `[rows, columns]` to `out` `[columns, rows]`.
pub(crate) fn transpose<T: Copy>(x: &[T], columns: usize, out: &mut [T], rows: usize) {
    // Blocks, so that neither side leaves the cache between neighbours.
    const BLOCK: usize = 16;
    for first_row in (0..rows).step_by(BLOCK) {
        let last_row = rows.min(first_row + BLOCK);
        for first in (0..columns).step_by(BLOCK) {
            for column in first..columns.min(first + BLOCK) {
                let out = &mut out[column * rows + first_row..column * rows + last_row];
                for (to, row) in out.iter_mut().zip(first_row..) {
                    *to = x[row * columns + column];
                }
            }
        }
    }
}
