//! Neighbours by a blocked matrix product, for many dimensions.

use std::ops::Range;
use std::sync::Arc;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::aligned::AlignedF32;
use crate::candidates::{Candidates, Margin};
use crate::kernel::product_tile;
use crate::neighbour::squared_distance;
use crate::panels::{PANEL, Panels};
use crate::slots::Slots;
use crate::{Neighbour, Rows};

/// All rows packed for the product `t + |b|² − 2 a·b`, which ranks the rows `b` for a query `a` as the
/// squared distance does, or, where rows have terms `t`, the sum of both.
///
/// That form loses digits to cancellation: it is used only to screen, within [`ProductIndex::margin`].
#[derive(Debug)]
pub(crate) struct ProductIndex<'a> {
    rows: Rows<'a>,
    /// What is added to the squared distance of each row, `[N]`.
    terms: Option<&'a [f64]>,
    panels: Arc<Panels>,
    norms: Arc<Norms>,
}

/// What the product of a query and a row is added to.
#[derive(Debug)]
pub(crate) struct Norms {
    /// `|b|² + t` of every place in the panels; infinite where there is no row, so that no such place is
    /// ever within a finite limit.
    values: AlignedF32,
    /// The largest `|b|`.
    longest: f64,
    /// The largest `|b|² + t`.
    largest: f64,
}

impl Norms {
    /// `terms` are as many as there are rows.
    pub(crate) fn new(rows: Rows<'_>, terms: Option<&[f64]>) -> Self {
        let mut values = AlignedF32::filled(rows.len().div_ceil(PANEL) * PANEL, f32::INFINITY);
        let (mut longest, mut largest) = (0.0_f64, 0.0_f64);
        let places = values.as_mut_slice().iter_mut().enumerate();
        for ((i, norm), row) in places.zip(rows.values().chunks_exact(rows.dim())) {
            let square = squared_norm(row);
            let sum = square + term(terms, i);
            longest = longest.max(square);
            largest = largest.max(sum);
            *norm = sum as f32;
        }
        Self {
            values,
            longest: longest.sqrt(),
            largest,
        }
    }
}

/// Rows that are no neighbours.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Skip<'s> {
    Nothing,
    /// The row with the number of the query.
    Itself,
    /// Those in a set of numbers, the first row having the number `first`.
    Removed {
        slots: &'s Slots,
        first: u32,
    },
}

impl Skip<'_> {
    #[inline]
    fn skips(&self, query: usize, row: usize) -> bool {
        match self {
            Self::Nothing => false,
            Self::Itself => query == row,
            Self::Removed { slots, first } => slots.contains(*first + row as u32),
        }
    }
}

impl<'a> ProductIndex<'a> {
    /// `terms`, if there are any, are finite, not negative and as many as there are rows.
    pub(crate) fn new(rows: Rows<'a>, terms: Option<&'a [f64]>) -> Self {
        let panels = Panels::pack(rows.len(), rows.dim(), |i| rows.row(i));
        let norms = Norms::new(rows, terms);
        Self::of_parts(rows, terms, Arc::new(panels), Arc::new(norms))
    }

    /// From what was packed before from the same rows and terms.
    pub(crate) fn of_parts(
        rows: Rows<'a>,
        terms: Option<&'a [f64]>,
        panels: Arc<Panels>,
        norms: Arc<Norms>,
    ) -> Self {
        Self {
            rows,
            terms,
            panels,
            norms,
        }
    }

    /// Twice the largest error of a score. A sum of n rounded terms is off by at most
    /// `n·2⁻²⁴ / (1 − n·2⁻²⁴)` times the sum of their magnitudes (Higham, Accuracy and Stability of
    /// Numerical Algorithms, section 3.1), here at most `|b|² + t + 2|a||b|`, whatever the order and
    /// with or without fused multiplication; the smallest normal number covers underflow.
    fn margin(&self, query: &[f32]) -> Margin {
        let terms = (self.rows.dim() + 4) as f64 * f64::from(f32::EPSILON) / 2.0;
        let products = 2.0 * squared_norm(query).sqrt() * self.norms.longest;
        let error = terms / (1.0 - terms).max(0.5) * (self.norms.largest + products);
        Margin {
            relative: 0.0,
            absolute: 2.0 * error * 1.000_001 + f64::from(f32::MIN_POSITIVE) * 4.0,
        }
    }

    pub(crate) fn map<R: Send>(
        &self,
        queries: Rows<'_>,
        skip: Skip<'_>,
        k: usize,
        visit: &(impl Fn(usize, &[Neighbour]) -> R + Sync),
    ) -> Vec<R> {
        let arch = Arch::new();
        let block = block_length(queries.len(), queries.dim(), k);
        let blocks: Vec<Vec<R>> = (0..queries.len().div_ceil(block))
            .into_par_iter()
            .map(|i| {
                arch.dispatch(Block {
                    index: self,
                    queries,
                    range: i * block..((i + 1) * block).min(queries.len()),
                    skip,
                    k,
                    visit,
                })
            })
            .collect();
        blocks.into_iter().flatten().collect()
    }
}

#[inline]
fn term(terms: Option<&[f64]>, row: usize) -> f64 {
    terms.map_or(0.0, |terms| terms[row])
}

fn squared_norm(row: &[f32]) -> f64 {
    row.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}

/// Queries that one task answers together: enough that the panels are read from memory seldom, few
/// enough that their coordinates (half a MiB) and candidates stay in the second-level cache, and so
/// many tasks that threads finish together. It does not affect the result.
fn block_length(queries: usize, dim: usize, k: usize) -> usize {
    const TILES_OF: usize = 84; // a multiple of every tile height
    let by_coordinates = (512 << 10) / (4 * dim);
    let by_candidates = (2 << 20) / (16 * k);
    let by_tasks = queries.div_ceil(8 * rayon::current_num_threads());
    let length = by_coordinates.min(by_candidates).min(by_tasks).min(1024);
    (length / TILES_OF).max(1) * TILES_OF
}

/// One task: a range of the queries against all rows.
struct Block<'b, F> {
    index: &'b ProductIndex<'b>,
    queries: Rows<'b>,
    range: Range<usize>,
    skip: Skip<'b>,
    k: usize,
    visit: &'b F,
}

impl<R, F: Fn(usize, &[Neighbour]) -> R> WithSimd for Block<'_, F> {
    type Output = Vec<R>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<R> {
        // As many accumulators as there are registers for: 14 × 2 of 32, 6 × 2 of 16. But one query, as a
        // server gets them, should not pay for places without any.
        if self.range.len() <= 2 {
            self.run::<S, 2>(simd)
        } else if S::REGISTER_COUNT >= 32 {
            self.run::<S, 14>(simd)
        } else {
            self.run::<S, 6>(simd)
        }
    }
}

impl<R, F: Fn(usize, &[Neighbour]) -> R> Block<'_, F> {
    #[inline(always)]
    fn run<S: Simd, const Q: usize>(self, simd: S) -> Vec<R> {
        let index = self.index;
        let dim = index.rows.dim();
        let tiles = self.range.len().div_ceil(Q);
        let packed = self.pack_queries::<Q>(tiles);
        let mut limits = vec![[f32::NEG_INFINITY; Q]; tiles];
        let mut candidates: Vec<Candidates> = self
            .range
            .clone()
            .map(|query| {
                let mut candidates = Candidates::new(self.k);
                candidates.reset(index.margin(self.queries.row(query)));
                candidates
            })
            .collect();
        for (limit, candidates) in limits.as_flattened_mut().iter_mut().zip(&candidates) {
            *limit = candidates.limit();
        }

        let norms = index.norms.values.as_slice().chunks_exact(PANEL);
        for (number, (panel, norms)) in index.panels.iter().zip(norms).enumerate() {
            for first in (0..PANEL / S::F32_LANES).step_by(2) {
                let base = number * PANEL + first * S::F32_LANES;
                let tiled = packed.chunks_exact(dim).zip(&mut limits).enumerate();
                for (tile, (coordinates, limits)) in tiled {
                    product_tile(
                        simd,
                        coordinates,
                        limits,
                        panel,
                        norms,
                        first,
                        |q, scores| {
                            self.record(base, tile * Q + q, scores, &mut candidates[tile * Q + q])
                        },
                    );
                }
            }
        }

        let mut found = Vec::new();
        let mut results = Vec::with_capacity(self.range.len());
        for (query, candidates) in self.range.clone().zip(&mut candidates) {
            candidates.finish(|row| self.exact(query, row), &mut found);
            results.push((self.visit)(query, &found));
        }
        results
    }

    /// The queries as `−2a`, in tiles `[tiles, D, Q]`; a place without a query is zero.
    fn pack_queries<const Q: usize>(&self, tiles: usize) -> Vec<[f32; Q]> {
        let dim = self.queries.dim();
        let mut packed = vec![[0.0; Q]; tiles * dim];
        for (place, query) in self.range.clone().enumerate() {
            let tile = &mut packed[place / Q * dim..][..dim];
            for (coordinates, &value) in tile.iter_mut().zip(self.queries.row(query)) {
                coordinates[place % Q] = -2.0 * value;
            }
        }
        packed
    }

    /// Takes the lanes within the limit of the `place`-th query; returns its new limit.
    #[inline(never)]
    fn record(
        &self,
        base: usize,
        place: usize,
        scores: &[f32],
        candidates: &mut Candidates,
    ) -> f32 {
        let query = self.range.start + place;
        for (row, &score) in (base..self.index.rows.len()).zip(scores) {
            if score <= candidates.limit() && !self.skip.skips(query, row) {
                candidates.push(score, row as u32, |row| self.exact(query, row));
            }
        }
        candidates.limit()
    }

    fn exact(&self, query: usize, row: u32) -> f64 {
        let row = row as usize;
        squared_distance(self.queries.row(query), self.index.rows.row(row))
            + term(self.index.terms, row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::on_every_instruction_set;

    #[test]
    fn instruction_sets_agree() {
        let values: Vec<f32> = (0..300 * 9).map(|i| (i as f32 * 0.7).sin()).collect();
        let Ok(rows) = Rows::new(&values, 9) else {
            panic!("rows are valid");
        };
        let index = ProductIndex::new(rows, None);
        let visit = |_: usize, found: &[Neighbour]| found.to_vec();
        for range in [17..217, 5..6] {
            let count = range.len();
            let results = on_every_instruction_set(|| Block {
                index: &index,
                queries: rows,
                range: range.clone(),
                skip: Skip::Itself,
                k: 4,
                visit: &visit,
            });
            let (_, expected) = &results[0];
            assert_eq!(expected.len(), count);
            assert!(expected.iter().all(|found| found.len() == 4));
            for (name, result) in &results {
                assert_eq!(result, expected, "{name}");
            }
        }
    }
}
