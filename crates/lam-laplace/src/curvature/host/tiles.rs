//! The pairs of a batch as tiles of triangular matrices, without the parts where no pair was counted.

use pulp::Arch;
use rayon::prelude::*;

use super::self_terms::Directions;

/// Rows of a tile: with three vectors of features each, a tile's sums fill the 32 registers of AVX-512 and NEON.
pub(super) const TILE: usize = 8;

/// Tiles that are worth a second thread.
const TILES_OF_TASK: usize = 8;

/// One column of a tile: the entries of its rows.
pub(super) type Column = [f32; TILE];

/// Marks a row that pads the last tile.
const PADDING: usize = usize::MAX;

/// The part of a triangle that belongs to [`TILE`] of its rows.
pub(super) struct Tile {
    /// First row.
    pub(super) row: usize,
    /// The columns that are kept, ascending: those to the left in which some row has a pair, then the tile's own.
    pub(super) columns: Vec<usize>,
    /// `N[a,b] / (r_a r_b)`, twice below the diagonal, for the columns kept.
    scaled: Vec<Column>,
    /// `N[a,b] c_ab / (r_a r_b)`, likewise.
    with_cosine: Vec<Column>,
}

/// What all outputs `k` share of their cross terms, as a lower triangle (the upper folded onto the lower).
///
/// Samples that positive pairs connect are neighbours in it, so that the columns of a tile coincide: of positive pairs
/// a small block per label is left, and of mined negatives no more than were mined.
pub(super) struct PairTiles {
    /// Sample of each row, [`PADDING`] if there is none; samples without any pair are left out.
    rows: Vec<usize>,
    /// `u` per row: `[k * rows + row]`, 0 for padding.
    units: Vec<f32>,
    tiles: Vec<Tile>,
    /// Columns of all tiles.
    columns: usize,
}

impl PairTiles {
    /// From signed counts in both directions `N` and the positives, `[B, B]` each.
    pub(super) fn new(
        directions: &Directions,
        both_ways: &[f32],
        positives: &[f32],
        arch: Arch,
    ) -> Self {
        let batch = directions.batch;
        let mut rows = connected_order(positives, batch);
        rows.retain(|&a| both_ways[a * batch..][..batch].iter().any(|&n| n != 0.0));
        rows.resize(rows.len().next_multiple_of(TILE), PADDING);
        let height = rows.len();
        let mut units = vec![0.0; height * directions.outputs];
        for (k, units) in units.chunks_exact_mut(height.max(1)).enumerate() {
            let u = directions.output(k);
            for (unit, &sample) in units.iter_mut().zip(&rows) {
                if sample != PADDING {
                    *unit = u[sample];
                }
            }
        }
        let tiles: Vec<Tile> = (0..height / TILE)
            .into_par_iter()
            .with_min_len(TILES_OF_TASK)
            .map(|tile| {
                arch.dispatch(|| shared_tile(directions, both_ways, &rows, &units, tile * TILE))
            })
            .collect();
        Self {
            columns: tiles.iter().map(|tile| tile.columns.len()).sum(),
            rows,
            units,
            tiles,
        }
    }

    /// Rows, padding included.
    pub(super) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Columns of all tiles: the length of one triangular matrix.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Sample of every row that is not padding.
    pub(super) fn samples(&self) -> impl Iterator<Item = (usize, usize)> {
        self.rows
            .iter()
            .copied()
            .enumerate()
            .filter(|&(_, sample)| sample != PADDING)
    }

    /// The tiles with their parts of a triangular matrix.
    #[inline(always)]
    pub(super) fn with_entries<'a>(
        &'a self,
        matrix: &'a [Column],
    ) -> impl Iterator<Item = (&'a Tile, &'a [Column])> {
        let mut rest = matrix;
        self.tiles.iter().map(move |tile| {
            let (entries, after) = rest.split_at(tile.columns.len());
            rest = after;
            (tile, entries)
        })
    }

    /// Writes `T_k`: `N[a,b]·E_k[a,b]` twice below the diagonal, once on it, and there the self terms as well. Returns
    /// the sum of all entries, which is the form of a feature that is always 1.
    #[inline(always)]
    pub(super) fn fill_output(&self, k: usize, self_terms: &[f32], out: &mut [Column]) -> f32 {
        let units = &self.units[k * self.rows.len()..][..self.rows.len()];
        let mut sums = [0.0_f64; TILE];
        let mut rest = out;
        for tile in &self.tiles {
            let (entries, after) = rest.split_at_mut(tile.columns.len());
            rest = after;
            let u_a: Column = std::array::from_fn(|r| units[tile.row + r]);
            let shared = tile.scaled.iter().zip(&tile.with_cosine);
            for ((out, &b), (m, q)) in entries.iter_mut().zip(&tile.columns).zip(shared) {
                let u_b = units[b];
                for r in 0..TILE {
                    out[r] = m[r] * (u_a[r] * u_a[r] + u_b * u_b - 1.0) - q[r] * u_a[r] * u_b;
                }
            }
            let diagonal = entries.len() - TILE;
            for (r, column) in entries[diagonal..].iter_mut().enumerate() {
                if let Some(term) = self_terms.get(self.rows[tile.row + r]) {
                    column[r] += term;
                }
            }
            for column in entries {
                for (sum, &entry) in sums.iter_mut().zip(column.iter()) {
                    *sum += f64::from(entry);
                }
            }
        }
        sums.iter().sum::<f64>() as f32
    }
}

/// The tile of the rows from `row` on.
#[inline(always)]
fn shared_tile(
    directions: &Directions,
    both_ways: &[f32],
    rows: &[usize],
    units: &[f32],
    row: usize,
) -> Tile {
    let batch = directions.batch;
    let mut tile = Tile {
        row,
        columns: Vec::with_capacity(row + TILE),
        scaled: Vec::with_capacity(row + TILE),
        with_cosine: Vec::with_capacity(row + TILE),
    };
    for (column, &b) in rows[..row + TILE].iter().enumerate() {
        let mut scaled = [0.0; TILE];
        if b != PADDING {
            let counts = &both_ways[b * batch..][..batch];
            for (r, scaled) in scaled.iter_mut().enumerate() {
                // Padding has no count; entries above the diagonal are folded onto those below.
                if let Some(count) = counts.get(rows[row + r])
                    && row + r >= column
                {
                    *scaled = if row + r == column {
                        *count
                    } else {
                        2.0 * count
                    };
                }
            }
        }
        if column < row && scaled == [0.0; TILE] {
            continue;
        }
        for (r, scaled) in scaled.iter_mut().enumerate() {
            if let (Some(own), Some(other)) = (
                directions.inverse_norms.get(rows[row + r]),
                directions.inverse_norms.get(b),
            ) {
                *scaled *= own * other;
            }
        }
        let mut cosines = [0.0; TILE];
        for units in units.chunks_exact(rows.len()) {
            for (cosine, u_a) in cosines.iter_mut().zip(&units[row..]) {
                *cosine += u_a * units[column];
            }
        }
        tile.columns.push(column);
        tile.scaled.push(scaled);
        tile.with_cosine
            .push(std::array::from_fn(|r| scaled[r] * cosines[r]));
    }
    tile
}

/// All samples, those of a connected component of the graph of counted pairs together, components in the order of their
/// smallest member.
fn connected_order(counts: &[f32], batch: usize) -> Vec<usize> {
    let paired = |a: usize, b: usize| counts[a * batch + b] != 0.0 || counts[b * batch + a] != 0.0;
    let mut unseen: Vec<usize> = (0..batch).collect();
    let mut order: Vec<usize> = Vec::with_capacity(batch);
    while !unseen.is_empty() {
        let start = order.len();
        order.push(unseen.remove(0));
        let mut next = start;
        while let Some(&sample) = order.get(next) {
            next += 1;
            unseen.retain(|&other| {
                let reached = paired(sample, other);
                if reached {
                    order.push(other);
                }
                !reached
            });
        }
        order[start..].sort_unstable();
    }
    order
}
