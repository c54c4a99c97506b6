//! Neighbours by a blocked matrix product, for many dimensions.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::aligned::AlignedF32;
use crate::candidates::{Candidates, Margin};
use crate::kernel::product_tile;
use crate::neighbour::squared_distance;
use crate::panels::{PANEL, Panels};
use crate::{Neighbour, Rows};

/// All rows packed for the product `|b|² − 2 a·b`, which ranks the rows `b` for a query `a` as the
/// squared distance does.
///
/// That form loses digits to cancellation: it is used only to screen, within [`ProductIndex::margin`].
#[derive(Debug)]
pub(crate) struct ProductIndex<'a> {
    rows: Rows<'a>,
    panels: Panels,
    /// `|b|²` of every place in the panels; infinite where there is no row, so that no such place is
    /// ever within a finite limit.
    norms: AlignedF32,
    /// The largest `|b|`.
    longest: f64,
}

impl<'a> ProductIndex<'a> {
    pub(crate) fn new(rows: Rows<'a>) -> Self {
        let panels = Panels::pack(rows.len(), rows.dim(), |i| rows.row(i));
        let mut norms = AlignedF32::filled(rows.len().div_ceil(PANEL) * PANEL, f32::INFINITY);
        let mut longest = 0.0_f64;
        for (norm, row) in norms
            .as_mut_slice()
            .iter_mut()
            .zip(rows.values().chunks_exact(rows.dim()))
        {
            let square = squared_norm(row);
            longest = longest.max(square);
            *norm = square as f32;
        }
        Self {
            rows,
            panels,
            norms,
            longest: longest.sqrt(),
        }
    }

    /// Twice the largest error of a score. A sum of n rounded terms is off by at most
    /// `n·2⁻²⁴ / (1 − n·2⁻²⁴)` times the sum of their magnitudes (Higham, Accuracy and Stability of
    /// Numerical Algorithms, section 3.1), here at most `|b|² + 2|a||b|`, whatever the order and
    /// with or without fused multiplication; the smallest normal number covers underflow.
    fn margin(&self, query: &[f32]) -> Margin {
        let terms = (self.rows.dim() + 4) as f64 * f64::from(f32::EPSILON) / 2.0;
        let magnitude = self.longest * (self.longest + 2.0 * squared_norm(query).sqrt());
        let error = terms / (1.0 - terms).max(0.5) * magnitude;
        Margin {
            relative: 0.0,
            absolute: 2.0 * error * 1.000_001 + f64::from(f32::MIN_POSITIVE) * 4.0,
        }
    }

    pub(crate) fn map<R: Send>(
        &self,
        queries: Rows<'_>,
        exclude_same: bool,
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
                    exclude_same,
                    k,
                    visit,
                })
            })
            .collect();
        blocks.into_iter().flatten().collect()
    }
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
    exclude_same: bool,
    k: usize,
    visit: &'b F,
}

impl<R, F: Fn(usize, &[Neighbour]) -> R> WithSimd for Block<'_, F> {
    type Output = Vec<R>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<R> {
        // As many accumulators as there are registers for: 14 × 2 of 32, 6 × 2 of 16.
        if S::REGISTER_COUNT >= 32 {
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

        let norms = index.norms.as_slice().chunks_exact(PANEL);
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
            if score <= candidates.limit() && !(self.exclude_same && row == query) {
                candidates.push(score, row as u32, |row| self.exact(query, row));
            }
        }
        candidates.limit()
    }

    fn exact(&self, query: usize, row: u32) -> f64 {
        squared_distance(self.queries.row(query), self.index.rows.row(row as usize))
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
        let index = ProductIndex::new(rows);
        let visit = |_: usize, found: &[Neighbour]| found.to_vec();
        let results = on_every_instruction_set(|| Block {
            index: &index,
            queries: rows,
            range: 17..217,
            exclude_same: true,
            k: 4,
            visit: &visit,
        });
        let (_, expected) = &results[0];
        assert!(expected.iter().all(|found| found.len() == 4));
        for (name, result) in &results {
            assert_eq!(result, expected, "{name}");
        }
    }
}
