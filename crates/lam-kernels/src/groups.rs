//! The fixed partition of a batch, on which the order of sums over images depends.

use std::ops::Range;

/// At most so many groups, each with sums of its own: enough for the threads of a large machine, few enough
/// that adding the groups up costs little.
const MAX_GROUPS: usize = 16;

/// Number of groups for a batch; it depends on the batch alone.
pub(crate) fn group_count(images: usize) -> usize {
    images.min(MAX_GROUPS)
}

/// The images of a group.
pub(crate) fn group(images: usize, groups: usize, index: usize) -> Range<usize> {
    images * index / groups..images * (index + 1) / groups
}

/// Cuts `len` into the fewest pieces of at most `max`, as even as can be: `(start, length)` of each.
#[inline(always)]
pub(crate) fn even_pieces(len: usize, max: usize) -> impl Iterator<Item = (usize, usize)> {
    let pieces = len.div_ceil(max);
    (0..pieces).map(move |i| {
        let start = len * i / pieces;
        (start, len * (i + 1) / pieces - start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_cover_every_image_once() {
        for images in 0..70 {
            let groups = group_count(images);
            let all: Vec<usize> = (0..groups).flat_map(|g| group(images, groups, g)).collect();
            assert_eq!(all, (0..images).collect::<Vec<_>>());
            assert!((0..groups).all(|g| !group(images, groups, g).is_empty()));
        }
    }

    #[test]
    fn pieces_are_even_and_cover() {
        for len in 0..60 {
            for max in 1..14 {
                let pieces: Vec<_> = even_pieces(len, max).collect();
                assert_eq!(pieces.len(), len.div_ceil(max));
                let mut next = 0;
                for (start, length) in pieces {
                    assert_eq!(start, next);
                    assert!(length >= 1 && length <= max && length + 1 >= len / len.div_ceil(max));
                    next += length;
                }
                assert_eq!(next, len);
            }
        }
    }
}
