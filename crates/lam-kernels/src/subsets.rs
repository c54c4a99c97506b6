//! Many sums over subsets of the same numbers, with what they have in common added once.

use std::collections::BTreeMap;

/// Subsets of the input channels of a layer, and how to sum over each of them.
///
/// The channels are halved, the halves halved again, down to single ones. Wherever two subsets agree on such a part they
/// share its sum, so that `S` subsets of `C` channels never cost more than `S · C` additions, and far fewer if most leave
/// few channels out, or if the parts are so small that they must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelSubsets {
    channels: usize,
    /// Each adds two earlier terms. Terms are zero, the channels, and what these steps add up.
    pub(crate) steps: Vec<[u32; 2]>,
    /// The two terms that make up each subset.
    pub(crate) subsets: Vec<[u32; 2]>,
}

/// The term that is zero.
const ZERO: u32 = 0;

impl ChannelSubsets {
    /// One subset of the `channels` per list of `kept`, which says for each channel whether it belongs to the subset;
    /// channels beyond the end of a list do not.
    pub fn new(channels: usize, kept: &[Vec<bool>]) -> Self {
        let mut steps = Steps {
            channels,
            added: Vec::new(),
            known: BTreeMap::new(),
        };
        let middle = channels / 2;
        let left = steps.sums(0, middle, kept);
        let right = steps.sums(middle, channels, kept);
        Self {
            channels,
            steps: steps.added,
            subsets: left.into_iter().zip(right).map(|(l, r)| [l, r]).collect(),
        }
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of subsets.
    pub fn count(&self) -> usize {
        self.subsets.len()
    }

    /// Additions that all sums together take.
    pub fn additions(&self) -> usize {
        self.steps.len() + self.subsets.len()
    }

    /// Terms that are kept while the sums are formed.
    pub(crate) fn terms(&self) -> usize {
        1 + self.channels + self.steps.len()
    }
}

struct Steps {
    channels: usize,
    added: Vec<[u32; 2]>,
    /// The term that is the sum of two.
    known: BTreeMap<[u32; 2], u32>,
}

impl Steps {
    /// For each subset the term that is its sum over the channels from `start` to before `end`.
    fn sums(&mut self, start: usize, end: usize, kept: &[Vec<bool>]) -> Vec<u32> {
        if end <= start + 1 {
            let term = |kept: &Vec<bool>| match kept.get(start) {
                Some(true) if start < end => 1 + start as u32,
                _ => ZERO,
            };
            return kept.iter().map(term).collect();
        }
        let middle = start + (end - start) / 2;
        let left = self.sums(start, middle, kept);
        let right = self.sums(middle, end, kept);
        let pairs = left.into_iter().zip(right);
        pairs.map(|(l, r)| self.add(l, r)).collect()
    }

    fn add(&mut self, left: u32, right: u32) -> u32 {
        match (left, right) {
            (ZERO, term) | (term, ZERO) => term,
            both => {
                let next = 1 + self.channels + self.added.len();
                let both: [u32; 2] = both.into();
                *self.known.entry(both).or_insert_with(|| {
                    self.added.push(both);
                    next as u32
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The subsets' sums of whole numbers by the steps.
    fn sums(subsets: &ChannelSubsets, numbers: &[u64]) -> Vec<u64> {
        let mut terms = vec![0];
        terms.extend(numbers);
        for [a, b] in &subsets.steps {
            terms.push(terms[*a as usize] + terms[*b as usize]);
        }
        assert_eq!(terms.len(), subsets.terms());
        let sum = |[a, b]: &[u32; 2]| terms[*a as usize] + terms[*b as usize];
        subsets.subsets.iter().map(sum).collect()
    }

    proptest! {
        /// Powers of two: a sum says exactly which channels are in it, and how often.
        #[test]
        fn every_subset_is_summed(
            (channels, kept) in (0usize..40).prop_flat_map(|channels| {
                let one = prop::collection::vec(prop::bool::weighted(0.7), channels);
                (Just(channels), prop::collection::vec(one, 0..30))
            }),
        ) {
            let subsets = ChannelSubsets::new(channels, &kept);
            let numbers: Vec<u64> = (0..channels).map(|i| 1 << i).collect();
            let expected: Vec<u64> = kept
                .iter()
                .map(|kept| kept.iter().zip(&numbers).filter(|(k, _)| **k).map(|(_, n)| n).sum())
                .collect();
            prop_assert_eq!(sums(&subsets, &numbers), expected);
            prop_assert!(subsets.additions() <= kept.len() * channels.max(1));
        }
    }

    #[test]
    fn what_subsets_share_is_added_once() {
        let all = vec![true; 32];
        let mut but_one = all.clone();
        but_one[5] = false;
        let subsets = ChannelSubsets::new(32, &[all.clone(), all, but_one]);
        // 15 for each half of all channels; without channel 5 the sums of 4 to 7, 0 to 7 and 0 to 15 are others.
        assert_eq!(subsets.steps.len(), 30 + 3);
        assert_eq!(subsets.subsets[0], subsets.subsets[1]);
        assert_eq!(subsets.subsets[0][1], subsets.subsets[2][1]);
    }
}
