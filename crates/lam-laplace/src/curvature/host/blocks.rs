//! The samples of a batch, gathered so that those which never meet in a pair are apart.

use super::self_terms::Directions;

/// Rows of a tile of the triangular matrices: with three vectors of features each, a tile's sums fill the 32
/// registers of AVX-512 and NEON.
pub(super) const TILE: usize = 8;

/// Marks a row that pads a block to whole tiles.
const PADDING: usize = usize::MAX;

/// The part of a block's triangle that belongs to [`TILE`] of its rows: entries `[b * TILE + r]`, for `b` from the
/// block's first sample to the tile's last, of row `first + r` and column `b`.
pub(super) struct Tile {
    /// First row, counted within all blocks.
    pub(super) row: usize,
    /// First row and column of the tile's block.
    pub(super) block: usize,
    /// Where its entries start in [`Blocks::scaled`].
    pub(super) offset: usize,
}

impl Tile {
    /// Columns from the block's first to the diagonal.
    pub(super) fn columns(&self) -> usize {
        self.row - self.block + TILE
    }
}

/// Connected components of the graph of counted pairs, each padded to whole tiles, with what all outputs `k` share of
/// their cross terms, as lower triangles (the upper folded onto the lower).
pub(super) struct Blocks {
    /// Sample of each row, [`PADDING`] if there is none.
    rows: Vec<usize>,
    /// `u` per row: `[k * rows + row]`, 0 for padding.
    units: Vec<f32>,
    pub(super) tiles: Vec<Tile>,
    /// `N[a,b] / (r_a r_b)`.
    scaled: Vec<f32>,
    /// `N[a,b] c_ab / (r_a r_b)`.
    with_cosine: Vec<f32>,
}

impl Blocks {
    /// From signed counts in both directions `N`, `[B, B]`.
    pub(super) fn new(directions: &Directions, both_ways: &[f32]) -> Self {
        let batch = directions.batch;
        let mut rows = Vec::new();
        let mut tiles = Vec::new();
        let mut entries = 0;
        for component in components(both_ways, batch) {
            let block = rows.len();
            rows.extend_from_slice(&component);
            rows.resize(rows.len().next_multiple_of(TILE), PADDING);
            for row in (block..rows.len()).step_by(TILE) {
                let tile = Tile {
                    row,
                    block,
                    offset: entries,
                };
                entries += tile.columns() * TILE;
                tiles.push(tile);
            }
        }
        let mut units = vec![0.0; rows.len() * directions.outputs];
        for (k, units) in units.chunks_exact_mut(rows.len().max(1)).enumerate() {
            let u = directions.output(k);
            for (unit, &sample) in units.iter_mut().zip(&rows) {
                if sample != PADDING {
                    *unit = u[sample];
                }
            }
        }
        let mut blocks = Self {
            rows,
            units,
            tiles,
            scaled: vec![0.0; entries],
            with_cosine: vec![0.0; entries],
        };
        blocks.fill_shared(directions, both_ways);
        blocks
    }

    fn fill_shared(&mut self, directions: &Directions, both_ways: &[f32]) {
        let height = self.rows.len();
        for tile in &self.tiles {
            for column in 0..tile.columns() {
                let entry = tile.offset + column * TILE;
                let row_b = tile.block + column;
                let b = self.rows[row_b];
                if b == PADDING {
                    continue;
                }
                let counts = &both_ways[b * directions.batch..][..directions.batch];
                for r in 0..TILE {
                    let a = self.rows[tile.row + r];
                    if a == PADDING || tile.row + r < row_b {
                        continue;
                    }
                    let folded = if a == b { 1.0 } else { 2.0 };
                    self.scaled[entry + r] = folded
                        * counts[a]
                        * directions.inverse_norms[a]
                        * directions.inverse_norms[b];
                }
                let mut cosines = [0.0; TILE];
                for units in self.units.chunks_exact(height) {
                    for (cosine, u_a) in cosines.iter_mut().zip(&units[tile.row..]) {
                        *cosine += u_a * units[row_b];
                    }
                }
                for (r, cosine) in cosines.iter().enumerate() {
                    self.with_cosine[entry + r] = self.scaled[entry + r] * cosine;
                }
            }
        }
    }

    /// Rows of all blocks, padding included.
    pub(super) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Entries of one triangular matrix.
    pub(super) fn entries(&self) -> usize {
        self.scaled.len()
    }

    /// Sample of every row that is not padding.
    pub(super) fn samples(&self) -> impl Iterator<Item = (usize, usize)> {
        self.rows
            .iter()
            .copied()
            .enumerate()
            .filter(|&(_, sample)| sample != PADDING)
    }

    /// Writes `T_k`: `N[a,b]·E_k[a,b]` twice below the diagonal, once on it, and there the self terms as well.
    #[inline(always)]
    pub(super) fn fill_output(&self, k: usize, self_terms: &[f32], out: &mut [f32]) {
        let units = &self.units[k * self.rows.len()..][..self.rows.len()];
        for tile in &self.tiles {
            let length = tile.columns() * TILE;
            let range = tile.offset..tile.offset + length;
            let u_a: [f32; TILE] = std::array::from_fn(|r| units[tile.row + r]);
            let entries = out[range.clone()].chunks_exact_mut(TILE);
            let scaled = self.scaled[range.clone()].chunks_exact(TILE);
            let with_cosine = self.with_cosine[range].chunks_exact(TILE);
            for (((out, m), q), u_b) in entries
                .zip(scaled)
                .zip(with_cosine)
                .zip(&units[tile.block..])
            {
                for r in 0..TILE {
                    out[r] = m[r] * (u_a[r] * u_a[r] + u_b * u_b - 1.0) - q[r] * u_a[r] * u_b;
                }
            }
            for r in 0..TILE {
                let row = tile.row + r;
                if self.rows[row] != PADDING {
                    out[tile.offset + (row - tile.block) * TILE + r] += self_terms[self.rows[row]];
                }
            }
        }
    }
}

/// Connected components of the graph whose edges are the non-zero counts, in order of their smallest member; samples
/// that take part in no pair are left out.
fn components(both_ways: &[f32], batch: usize) -> Vec<Vec<usize>> {
    let paired = |a: usize, b: usize| both_ways[a * batch + b] != 0.0;
    let mut unseen: Vec<usize> = (0..batch).collect();
    let mut components = Vec::new();
    while !unseen.is_empty() {
        let mut component = vec![unseen.remove(0)];
        let mut next = 0;
        while let Some(&sample) = component.get(next) {
            next += 1;
            unseen.retain(|&other| {
                let reached = paired(sample, other);
                if reached {
                    component.push(other);
                }
                !reached
            });
        }
        if component.len() > 1 || paired(component[0], component[0]) {
            component.sort_unstable();
            components.push(component);
        }
    }
    components
}
