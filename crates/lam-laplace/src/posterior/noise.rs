//! Standard normal numbers, many at a time.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// Numbers per stream.
const CHUNK: usize = 1 << 12;

/// `count` independent draws from N(0, 1).
///
/// One seed is taken from `rng`; every chunk has a ChaCha stream of its own under that seed, so the result depends on
/// the generator's state only, not on the number of threads.
pub(super) fn standard_normal(count: usize, rng: &mut dyn Rng) -> Vec<f32> {
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    let base = ChaCha8Rng::from_seed(seed);
    let mut noise = vec![0.0; count];
    noise
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(stream, chunk)| {
            let mut rng = base.clone();
            rng.set_stream(stream as u64);
            for value in chunk {
                *value = StandardNormal.sample(&mut rng);
            }
        });
    noise
}
