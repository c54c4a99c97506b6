//! Images with a border of zeros.

/// Copies an image `[height, width * pixel]` into the middle of `padded`, whose rows have `padded_row`
/// numbers; the rest becomes zero. What does not fit at the bottom or on the right is left out.
pub(crate) fn pad(
    image: &[f32],
    row: usize,
    [top, left]: [usize; 2],
    padded: &mut [f32],
    padded_row: usize,
) {
    padded.fill(0.0);
    let kept = row.min(padded_row.saturating_sub(left));
    for (from, to) in image
        .chunks_exact(row)
        .zip(padded.chunks_exact_mut(padded_row).skip(top))
    {
        to[left..][..kept].copy_from_slice(&from[..kept]);
    }
}
