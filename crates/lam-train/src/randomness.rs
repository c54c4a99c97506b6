//! All randomness of a run, from its one seed.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

/// What random numbers are drawn for. Each purpose has numbers of its own, so that drawing more for one does not
/// change another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Initial weights.
    Weights = 1,
    /// Weight samples of a training step.
    Training = 2,
    /// Weight samples of a validation.
    Validation = 3,
    /// Weight samples of the final evaluation.
    Test = 4,
    /// Pairs drawn for the Hessian of a training step.
    Pairs = 5,
    /// Weight samples with which a temperature is fitted.
    Calibration = 6,
    /// Trials of a sweep.
    Search = 32,
}

/// The seed of a run, from which every generator is derived.
///
/// A generator is a pure function of seed, purpose and index (a step, an epoch): a resumed run needs no stored
/// generator state to go on exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Randomness {
    seed: u64,
}

impl Randomness {
    /// All randomness of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The generator of the `index`-th use for `purpose`.
    pub fn generator(self, purpose: Purpose, index: u64) -> ChaCha12Rng {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8] = purpose as u8;
        let mut generator = ChaCha12Rng::from_seed(seed);
        generator.set_stream(index);
        generator
    }
}
