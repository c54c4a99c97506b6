//! What a training item of place recognition is: a query and one of its positives.

use super::Positives;
use crate::permutation::{Purpose, below, generator};

/// The reference that accompanies `query` in `epoch`: one of its positives, each as likely as any other. `None` if it
/// has none.
///
/// A pure function of its arguments: neither the order of the queries nor the threads that ask have a say in it.
pub fn training_reference(
    positives: &Positives,
    query: usize,
    seed: u64,
    epoch: u64,
) -> Option<u32> {
    let positives = positives.of(query);
    if positives.is_empty() {
        return None;
    }
    let mut random = generator(Purpose::Reference, seed, epoch);
    random.set_stream(query as u64);
    let place = below(&mut random, positives.len() as u64);
    positives.get(place as usize).copied()
}
