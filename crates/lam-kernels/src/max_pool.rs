//! 2×2 max-pooling on its own.

use rayon::prelude::*;

use crate::Images;
use crate::error::{KernelError, check_len};

/// What comes out of a 2×2 pool of stride 2.
pub(crate) fn pooled(input: Images) -> Result<Images, KernelError> {
    if input.height < 2 || input.width < 2 {
        return Err(KernelError::TooSmall {
            window: [2, 2],
            size: [input.height, input.width],
            padding: [0, 0],
        });
    }
    Ok(Images {
        count: input.count,
        height: input.height / 2,
        width: input.width / 2,
    })
}

/// The larger of each 2×2 window, stride 2, of `x` `[N, H, W, C]`, into `out` `[N, H/2, W/2, C]`; an odd last
/// row or column is left out. `winners`, shaped like `out`, tells which of the window's four positions won
/// (row by row, 0 to 3): the first of equals. NaN wins over numbers.
///
/// # Errors
/// If a length does not fit the shapes, or an image is smaller than the window.
pub fn max_pool2(
    input: Images,
    channels: usize,
    x: &[f32],
    out: &mut [f32],
    winners: &mut [u8],
) -> Result<(), KernelError> {
    let output = pooled(input)?;
    check_len("the input", x.len(), input.elements(channels)?)?;
    check_len("the output", out.len(), output.elements(channels)?)?;
    check_len("the winners", winners.len(), out.len())?;
    if out.is_empty() {
        return Ok(());
    }
    let (row, out_row) = (input.width * channels, output.width * channels);
    out.par_chunks_exact_mut(output.height * out_row)
        .zip(winners.par_chunks_exact_mut(output.height * out_row))
        .zip(x.par_chunks_exact(input.height * row))
        .for_each(|((out, winners), x)| {
            for ((out, winners), x) in (out.chunks_exact_mut(out_row))
                .zip(winners.chunks_exact_mut(out_row))
                .zip(x.chunks_exact(2 * row))
            {
                let (top, bottom) = x.split_at(row);
                for (((out, winners), top), bottom) in (out.chunks_exact_mut(channels))
                    .zip(winners.chunks_exact_mut(channels))
                    .zip(top.chunks_exact(2 * channels))
                    .zip(bottom.chunks_exact(2 * channels))
                {
                    for c in 0..channels {
                        let candidates =
                            [top[c], top[channels + c], bottom[c], bottom[channels + c]];
                        (out[c], winners[c]) = first_largest(candidates);
                    }
                }
            }
        });
    Ok(())
}

/// The largest and its place; the first of equals, the first NaN if there is one.
fn first_largest(candidates: [f32; 4]) -> (f32, u8) {
    let (mut best, mut place) = (candidates[0], 0);
    for (i, &candidate) in (0u8..).zip(&candidates).skip(1) {
        let keep = candidate <= best || best.is_nan();
        best = if keep { best } else { candidate };
        place = if keep { place } else { i };
    }
    (best, place)
}

/// Gradient of the input of [`max_pool2`]: `dy` at the winners, zero elsewhere.
///
/// # Errors
/// If a length does not fit the shapes, or an image is smaller than the window.
pub fn max_pool2_grad(
    input: Images,
    channels: usize,
    dy: &[f32],
    winners: &[u8],
    dx: &mut [f32],
) -> Result<(), KernelError> {
    let output = pooled(input)?;
    check_len(
        "the gradient of the input",
        dx.len(),
        input.elements(channels)?,
    )?;
    check_len(
        "the gradient of the output",
        dy.len(),
        output.elements(channels)?,
    )?;
    check_len("the winners", winners.len(), dy.len())?;
    if dx.is_empty() {
        return Ok(());
    }
    let (row, out_row) = (input.width * channels, output.width * channels);
    dx.par_chunks_exact_mut(input.height * row)
        .zip(winners.par_chunks_exact(output.height * out_row))
        .zip(dy.par_chunks_exact(output.height * out_row))
        .for_each(|((dx, winners), dy)| {
            dx.fill(0.0);
            for ((dx, winners), dy) in (dx.chunks_exact_mut(2 * row))
                .zip(winners.chunks_exact(out_row))
                .zip(dy.chunks_exact(out_row))
            {
                let (top, bottom) = dx.split_at_mut(row);
                for (((top, bottom), winners), dy) in (top.chunks_exact_mut(2 * channels))
                    .zip(bottom.chunks_exact_mut(2 * channels))
                    .zip(winners.chunks_exact(channels))
                    .zip(dy.chunks_exact(channels))
                {
                    for c in 0..channels {
                        let at = |place: u8| if winners[c] == place { dy[c] } else { 0.0 };
                        top[c] = at(0);
                        top[channels + c] = at(1);
                        bottom[c] = at(2);
                        bottom[channels + c] = at(3);
                    }
                }
            }
        });
    Ok(())
}
