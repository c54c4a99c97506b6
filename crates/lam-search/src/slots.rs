//! A set of slot numbers.

/// Slots, one bit each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots {
    words: Vec<u64>,
    count: usize,
}

impl Slots {
    /// Adds a slot; whether it was not there before.
    pub(crate) fn insert(&mut self, slot: u32) -> bool {
        let (word, bit) = place(slot);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += usize::from(is_new);
        is_new
    }

    #[inline]
    pub(crate) fn contains(&self, slot: u32) -> bool {
        let (word, bit) = place(slot);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Empties the set, room for `slots` slots kept or made.
    pub(crate) fn clear(&mut self, slots: usize) {
        self.words.clear();
        self.words.resize(slots.div_ceil(64), 0);
        self.count = 0;
    }
}

fn place(slot: u32) -> (usize, u64) {
    (slot as usize / 64, 1 << (slot % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_numbers() {
        let mut slots = Slots::default();
        for slot in [3, 64, 3, 1000, 63] {
            slots.insert(slot);
        }
        assert_eq!(slots.len(), 4);
        let members: Vec<u32> = (0..2000).filter(|&slot| slots.contains(slot)).collect();
        assert_eq!(members, [3, 63, 64, 1000]);
        slots.clear(10);
        assert_eq!(slots.len(), 0);
        assert!((0..2000).all(|slot| !slots.contains(slot)));
    }
}
