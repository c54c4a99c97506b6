//! Walks along neighbours towards a query.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::slots::Slots;

/// An item and its distance to the query; nearer first, equal distances by the lower number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Near {
    pub(crate) distance: f32,
    pub(crate) item: u32,
}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then(self.item.cmp(&other.item))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Near {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Near {}

/// What a walk needs, kept for the next one.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    visited: Slots,
    open: BinaryHeap<Reverse<Near>>,
    found: BinaryHeap<Near>,
}

/// From neighbour to nearer neighbour, until there is none.
pub(crate) fn descend<'g>(
    start: Near,
    neighbours: impl Fn(u32) -> &'g [u32],
    distance: impl Fn(u32) -> f32,
) -> Near {
    let mut best = start;
    loop {
        let near = neighbours(best.item).iter();
        let near = near.map(|&item| Near {
            distance: distance(item),
            item,
        });
        match near.min().filter(|nearest| *nearest < best) {
            Some(nearer) => best = nearer,
            None => return best,
        }
    }
}

impl Scratch {
    /// The nearest items that a walk from `starts` meets, at most `width` (ef of the paper), unordered. It
    /// ends when the nearest item not left yet is farther than all of `width` found ones. Items that
    /// `counts` denies are walked through. There are `items` items.
    pub(crate) fn walk<'g>(
        &mut self,
        starts: impl IntoIterator<Item = Near>,
        width: usize,
        items: usize,
        neighbours: impl Fn(u32) -> &'g [u32],
        distance: impl Fn(u32) -> f32,
        counts: impl Fn(u32) -> bool,
    ) -> impl Iterator<Item = Near> {
        let Self {
            visited,
            open,
            found,
        } = self;
        visited.clear(items);
        open.clear();
        found.clear();
        for start in starts {
            if visited.insert(start.item) {
                open.push(Reverse(start));
                if counts(start.item) {
                    found.push(start);
                }
            }
        }
        while let Some(Reverse(nearest)) = open.pop() {
            let is_full = found.len() >= width;
            if is_full && found.peek().is_some_and(|farthest| nearest > *farthest) {
                break;
            }
            for &item in neighbours(nearest.item) {
                if !visited.insert(item) {
                    continue;
                }
                let near = Near {
                    distance: distance(item),
                    item,
                };
                let is_full = found.len() >= width;
                if is_full && found.peek().is_some_and(|farthest| near > *farthest) {
                    continue;
                }
                open.push(Reverse(near));
                if counts(item) {
                    found.push(near);
                    if is_full {
                        found.pop();
                    }
                }
            }
        }
        found.drain()
    }
}
