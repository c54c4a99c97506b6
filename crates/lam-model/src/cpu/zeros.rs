//! Large buffers, made on all cores.

use rayon::iter::repeat_n;
use rayon::prelude::*;

/// Elements that one write fills: several cache lines.
const BLOCK: usize = 64;

/// So many elements are worth waking other threads.
const MANY: usize = 1 << 16;

/// `len` zeros. A map of a batch has millions of numbers: one core alone would keep the others waiting for a tenth of a step.
pub(super) fn zeros<T: Copy + Default + Send + Sync>(len: usize) -> Vec<T> {
    if len < MANY {
        return vec![T::default(); len];
    }
    let blocks: Vec<[T; BLOCK]> = repeat_n([T::default(); BLOCK], len.div_ceil(BLOCK)).collect();
    let mut zeros = blocks.into_flattened();
    zeros.truncate(len);
    zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_asked_for() {
        for len in [0, 1, MANY - 1, MANY, MANY + 1, 3 * MANY + 63, 3 * MANY + 65] {
            assert_eq!(zeros::<f32>(len), vec![0.0; len]);
            assert_eq!(zeros::<u8>(len), vec![0; len]);
        }
    }
}
