//! Builds a graph.

use rayon::prelude::*;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use super::file::LayerLinks;
use super::graph::GraphHeader;
use super::{Graph, GraphOptions, connect::connect};
use crate::Rows;
use crate::store::{StoreError, View};

impl View {
    /// Builds the graph over the items of the snapshot. Takes time in proportion to `N log N`; nothing is
    /// locked meanwhile. [`Writer::install_graph`](crate::store::Writer::install_graph) puts it to use.
    ///
    /// # Errors
    /// The options are out of their range, there would be 2³² links, or memory is short.
    pub fn build_graph(&self, options: GraphOptions) -> Result<Graph, StoreError> {
        options.check()?;
        let rows = self.snapshot().rows();
        let (entry, layers) = layers(rows, options)?;
        let header = GraphHeader {
            layers: 0,
            count: rows.len() as u64,
            generation: self.generation(),
            snapshot: self.snapshot_checksum(),
            connections: options.connections as u32,
            candidates: options.candidates as u32,
            entry,
        };
        Graph::assemble(header, &layers)
            .ok_or_else(|| StoreError::wrong("a graph over so many items has too many links"))
    }
}

/// The entry, an item of the highest layer, and the links of all layers.
fn layers(rows: Rows<'_>, options: GraphOptions) -> Result<(u32, Vec<LayerLinks>), StoreError> {
    if rows.is_empty() {
        return Ok((0, Vec::new()));
    }
    let built = insert(rows, options)?;
    // The highest layer of every item.
    let heights: Vec<usize> = (0..rows.len() as u64)
        .map(|item| built.level_of_key(item))
        .collect();
    let highest = heights.iter().copied().max().unwrap_or(0);
    let entry = heights.iter().position(|height| *height == highest);
    let entry = entry.unwrap_or(0) as u32;
    let mut layers: Vec<LayerLinks> = (0..=highest)
        .map(|layer| {
            let members = heights.iter().zip(0_u32..);
            let members = members.filter(|(height, _)| **height >= layer);
            let items: Vec<u32> = members.map(|(_, item)| item).collect();
            let links = items.iter().map(|&item| {
                let near = built.neighbors(u64::from(item), layer);
                near.map(|near| near as u32).collect()
            });
            LayerLinks {
                links: links.collect(),
                items,
            }
        })
        .collect();
    if let Some(lowest) = layers.first_mut() {
        connect(rows, entry, &mut lowest.links, options.candidates);
    }
    Ok((entry, layers))
}

/// All rows in the library's own index, which holds a copy of them.
fn insert(rows: Rows<'_>, options: GraphOptions) -> Result<Index, StoreError> {
    let built = Index::new(&IndexOptions {
        dimensions: rows.dim(),
        metric: MetricKind::L2sq,
        quantization: ScalarKind::F32,
        connectivity: options.connections,
        expansion_add: options.candidates,
        expansion_search: options.candidates,
        multi: false,
    })
    .map_err(failed)?;
    let threads = match options.parallel {
        true => rayon::current_num_threads(),
        false => 1,
    };
    built
        .reserve_capacity_and_threads(rows.len(), threads)
        .map_err(failed)?;
    let add = |item: usize| built.add(item as u64, rows.row(item)).map_err(failed);
    if options.parallel {
        (0..rows.len()).into_par_iter().try_for_each(add)?;
    } else {
        (0..rows.len()).try_for_each(add)?;
    }
    Ok(built)
}

fn failed(error: impl std::error::Error) -> StoreError {
    StoreError::Graph {
        reason: error.to_string(),
    }
}
