//! The rows that may still be among the k nearest of one query.

use crate::Neighbour;

/// How far apart the screening scores of two rows may be although their exact distances are equal:
/// `|score| · relative + absolute`. A bound, never an estimate.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Margin {
    pub(crate) relative: f64,
    pub(crate) absolute: f64,
}

impl Margin {
    /// The largest score that a row can have which is at least as near as one that scored `score`,
    /// rounded up.
    #[inline]
    fn above(&self, score: f32) -> f32 {
        let score = f64::from(score);
        let limit = score + score.abs() * self.relative + self.absolute;
        (limit as f32).next_up()
    }
}

#[derive(Debug, Clone, Copy)]
struct Scored {
    score: f32,
    index: u32,
}

/// Collects rows by a rough score in `f32` and decides among those kept by the exact distance.
///
/// Invariant: every row seen so far that belongs to the k nearest is in `items`. It holds because a
/// row is only dropped when k others are known to be nearer, by a score beyond the margin or by the
/// exact distance.
#[derive(Debug)]
pub(crate) struct Candidates {
    k: usize,
    capacity: usize,
    items: Vec<Scored>,
    limit: f32,
    margin: Margin,
}

impl Candidates {
    pub(crate) fn new(k: usize) -> Self {
        let capacity = k + k.clamp(16, 4096);
        Self {
            k,
            capacity,
            items: Vec::with_capacity(capacity.min(8192)),
            limit: f32::INFINITY,
            margin: Margin::default(),
        }
    }

    /// Forgets the last query.
    pub(crate) fn reset(&mut self, margin: Margin) {
        self.items.clear();
        self.limit = f32::INFINITY;
        self.margin = margin;
    }

    /// Rows with a higher score than this need not be pushed.
    #[inline(always)]
    pub(crate) fn limit(&self) -> f32 {
        self.limit
    }

    /// Adds a row whose score is within the limit. `exact` gives the exact distance of a row.
    #[inline]
    pub(crate) fn push(&mut self, score: f32, index: u32, exact: impl Fn(u32) -> f64) {
        self.items.push(Scored { score, index });
        if self.k == 1 {
            self.limit = self.limit.min(self.margin.above(score));
        }
        if self.items.len() >= self.capacity {
            self.shrink(exact);
        }
    }

    /// Lowers the limit if enough rows came in since the last time to make that worth the work.
    #[inline]
    pub(crate) fn tighten(&mut self, exact: impl Fn(u32) -> f64) {
        if self.k > 1 && self.items.len() >= self.k + (self.k / 2).max(2) {
            self.shrink(exact);
        }
    }

    /// Drops what cannot be among the k nearest.
    fn shrink(&mut self, exact: impl Fn(u32) -> f64) {
        if self.items.len() <= self.k {
            return;
        }
        let (_, kth, _) = self
            .items
            .select_nth_unstable_by(self.k - 1, |a, b| a.score.total_cmp(&b.score));
        let limit = self.limit.min(self.margin.above(kth.score));
        self.limit = limit;
        self.items.retain(|item| item.score <= limit);
        // Many rows within the margin of each other: only the exact distance tells them apart.
        if self.items.len() > (self.k + self.capacity) / 2 {
            self.shrink_exactly(exact);
        }
    }

    #[cold]
    fn shrink_exactly(&mut self, exact: impl Fn(u32) -> f64) {
        let mut ranked: Vec<(Neighbour, f32)> = self
            .items
            .iter()
            .map(|item| (neighbour(item.index, &exact), item.score))
            .collect();
        ranked.select_nth_unstable_by(self.k - 1, |a, b| a.0.order(&b.0));
        ranked.truncate(self.k);
        self.items.clear();
        self.items.extend(ranked.iter().map(|(n, score)| Scored {
            score: *score,
            index: n.index,
        }));
        let highest = self
            .items
            .iter()
            .fold(f32::NEG_INFINITY, |high, item| high.max(item.score));
        self.limit = self.limit.min(self.margin.above(highest));
    }

    /// The k nearest of all rows pushed (fewer if there were fewer), in order, into `found`.
    pub(crate) fn finish(&mut self, exact: impl Fn(u32) -> f64, found: &mut Vec<Neighbour>) {
        self.shrink(&exact);
        found.clear();
        found.extend(self.items.iter().map(|item| neighbour(item.index, &exact)));
        found.sort_unstable_by(Neighbour::order);
        found.truncate(self.k);
    }
}

#[inline]
fn neighbour(index: u32, exact: impl Fn(u32) -> f64) -> Neighbour {
    Neighbour {
        index,
        distance: exact(index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All scores within the margin of each other, distances falling: every row is a candidate when it
    /// comes, and yet no more are kept than there is room for.
    #[test]
    fn indistinguishable_scores_stay_bounded() {
        let rows = 10_000;
        let exact = |row: u32| f64::from(rows - row);
        for k in [1, 5, 100] {
            let mut candidates = Candidates::new(k);
            candidates.reset(Margin {
                relative: 0.0,
                absolute: 1.0,
            });
            for row in 0..rows {
                let score = (row % 7) as f32 * 0.1;
                assert!(score <= candidates.limit());
                candidates.push(score, row, exact);
                assert!(candidates.items.len() < candidates.capacity);
            }
            let mut found = Vec::new();
            candidates.finish(exact, &mut found);
            let expected: Vec<u32> = (0..rows).rev().take(k).collect();
            assert_eq!(found.iter().map(|n| n.index).collect::<Vec<_>>(), expected);
        }
    }
}
