use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a random order is for; the purposes draw from unrelated streams.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Shuffle,
    HeldOut,
    Augment,
    View = 3,
    Reference = 4,
}

/// `0..len` in an order that is a pure function of `(len, seed, epoch)`.
///
/// Fisher–Yates on ChaCha8. Key, stream and the drawing of bounded numbers are written out here, so
/// that no release of a random-number library changes an order.
pub fn shuffled(len: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    shuffle(&mut order, Purpose::Shuffle, seed, epoch);
    order
}

/// The generator of `(purpose, seed, stream)`.
pub(crate) fn generator(purpose: Purpose, seed: u64, stream: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..24].copy_from_slice(&stream.to_le_bytes());
    key[24..].copy_from_slice(b"lam-data");
    ChaCha8Rng::from_seed(key)
}

/// Fisher–Yates with the generator of `(purpose, seed, stream)`.
pub(crate) fn shuffle<T>(items: &mut [T], purpose: Purpose, seed: u64, stream: u64) {
    let mut generator = generator(purpose, seed, stream);
    for last in (1..items.len()).rev() {
        items.swap(last, below(&mut generator, last as u64 + 1) as usize);
    }
}

/// Uniform on `0..bound`, without bias: draws beyond the largest multiple of `bound` are repeated.
pub(crate) fn below(generator: &mut ChaCha8Rng, bound: u64) -> u64 {
    let usable = u64::MAX - u64::MAX % bound;
    loop {
        let draw = generator.next_u64();
        if draw < usable {
            return draw % bound;
        }
    }
}

/// Uniform on [0, 1).
pub(crate) fn unit(generator: &mut ChaCha8Rng) -> f64 {
    below(generator, 1 << 53) as f64 / (1_u64 << 53) as f64
}
