//! Searches a view.

use rayon::prelude::*;

use super::{Answer, Hit, Method, Queries, SearchOptions, Verdict};
use crate::approximate::{Graph, Scratch};
use crate::product::Skip;
use crate::store::{Block, GraphState, StoreError, View};
use crate::{Neighbour, Ranking, Rows, SearchError, squared_distance, total_variance};

impl View {
    /// The `k` nearest items of every query, fewer if there are fewer. Queries are answered by all threads
    /// at once; the answers come in their order and do not depend on timing.
    ///
    /// # Errors
    /// `k` is 0, the dimension is another, or the ranking needs a spread that the index does not store.
    pub fn search(
        &self,
        queries: &Queries<'_>,
        options: &SearchOptions,
    ) -> Result<Vec<Answer>, StoreError> {
        let nearest = self.nearest(queries.means(), options)?;
        let answers = nearest.iter().enumerate();
        Ok(answers
            .map(|(query, found)| {
                let uncertainty = queries.uncertainty(query);
                let hits = found.iter();
                Answer {
                    hits: hits
                        .filter_map(|near| self.hit(queries, query, near, options.ranking))
                        .collect(),
                    uncertainty,
                    verdict: Verdict::of(uncertainty, self.threshold()),
                }
            })
            .collect())
    }

    fn hit(
        &self,
        queries: &Queries<'_>,
        query: usize,
        near: &Neighbour,
        ranking: Ranking,
    ) -> Option<Hit> {
        let (block, row) = self.place(near.index)?;
        let columns = block.columns();
        let (distance, expected) = match ranking {
            Ranking::Distance => (near.distance, None),
            Ranking::Expected => {
                let own = queries.sigma(query).map_or(0.0, total_variance);
                let mean = queries.means().row(query);
                let distance = squared_distance(mean, columns.mean(row));
                (distance, Some(near.distance + own))
            }
        };
        Some(Hit {
            slot: near.index,
            distance,
            expected,
            uncertainty: columns.uncertainty(row),
            label: columns.label(row),
        })
    }

    /// The nearest slots of every query, with what the ranking orders them by, but for the query's own
    /// spread.
    pub(crate) fn nearest(
        &self,
        queries: Rows<'_>,
        options: &SearchOptions,
    ) -> Result<Vec<Vec<Neighbour>>, StoreError> {
        if options.k == 0 {
            return Err(SearchError::ZeroNeighbours.into());
        }
        if queries.dim() != self.spec().dim {
            return Err(SearchError::DimensionMismatch {
                queries: queries.dim(),
                database: self.spec().dim,
            }
            .into());
        }
        let expected = options.ranking == Ranking::Expected;
        if expected && !self.spec().spread {
            return Err(StoreError::NoSpread);
        }
        let k = options.k;
        let (mut nearest, covered) = match (options.method, self.graph()) {
            (Method::Approximate { ef }, GraphState::Ready(graph)) => {
                (self.walk(queries, graph, ef.max(k), expected), 1)
            }
            _ => (vec![Vec::new(); queries.len()], 0),
        };
        for (first, block) in self.blocks().iter().skip(covered) {
            self.look(queries, *first, block, k, expected, &mut nearest);
        }
        for found in &mut nearest {
            keep_nearest(found, k);
        }
        Ok(nearest)
    }

    /// Adds the k nearest of a block.
    fn look(
        &self,
        queries: Rows<'_>,
        first: u32,
        block: &Block,
        k: usize,
        expected: bool,
        nearest: &mut [Vec<Neighbour>],
    ) {
        if block.len() == 0 {
            return;
        }
        let skip = Skip::Removed {
            slots: self.removed_slots(),
            first,
        };
        let k_here = k.min(block.len());
        let found =
            block
                .product(expected)
                .map(queries, skip, k_here, &|_, found: &[Neighbour]| {
                    found.to_vec()
                });
        for (nearest, found) in nearest.iter_mut().zip(found) {
            nearest.extend(found.iter().map(|near| Neighbour {
                index: first + near.index,
                ..*near
            }));
            // Not more than twice as many as needed are held, however many blocks there are.
            keep_nearest(nearest, k);
        }
    }

    /// What walks of width `ef` find among the items that the graph covers.
    fn walk(
        &self,
        queries: Rows<'_>,
        graph: &Graph,
        ef: usize,
        expected: bool,
    ) -> Vec<Vec<Neighbour>> {
        let block = self.snapshot();
        let rows = block.rows();
        let spreads = if expected { block.spreads() } else { &[] };
        (0..queries.len())
            .into_par_iter()
            .map_init(Scratch::default, |scratch, query| {
                let query = queries.row(query);
                let found = graph.search(query, rows, self.removed_slots(), ef, scratch);
                found
                    .into_iter()
                    .map(|index| {
                        let row = index as usize;
                        let spread = spreads.get(row).copied().unwrap_or(0.0);
                        Neighbour {
                            index,
                            distance: squared_distance(query, rows.row(row)) + spread,
                        }
                    })
                    .collect()
            })
            .collect()
    }
}

fn keep_nearest(found: &mut Vec<Neighbour>, k: usize) {
    found.sort_unstable_by(Neighbour::order);
    found.truncate(k);
}
