//! Neighbours of every item, layer by layer.

use std::ops::Range;

use pulp::bytemuck::cast_slice;

use super::Scratch;
use super::distance::SquaredDistance;
use super::walk::{Near, descend};
use crate::Rows;
use crate::slots::Slots;
use crate::store::Mapped;

/// A graph over the items of one snapshot.
#[derive(Debug)]
pub struct Graph {
    pub(super) image: Image,
    pub(super) header: GraphHeader,
    /// From the lowest, which holds all items.
    pub(super) layers: Vec<Layer>,
}

/// The file, made or mapped.
#[derive(Debug)]
pub(super) enum Image {
    Made(Vec<u32>),
    Mapped(Mapped),
}

impl Image {
    /// All of it as words; a file's length was checked when it was opened.
    pub(super) fn words(&self) -> &[u32] {
        match self {
            Self::Made(words) => words,
            Self::Mapped(map) => cast_slice(map),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GraphHeader {
    pub(super) layers: u32,
    pub(super) count: u64,
    pub(super) generation: u64,
    pub(super) snapshot: u32,
    pub(super) connections: u32,
    pub(super) candidates: u32,
    /// Where walks begin: an item of the highest layer.
    pub(super) entry: u32,
}

/// Where the parts of a layer lie in the image.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Items, ascending; in the lowest layer, which holds all, none are listed.
    pub(super) items: Range<usize>,
    /// Where the links of each item begin, and, as the last, where they end.
    pub(super) starts: Range<usize>,
    pub(super) links: Range<usize>,
}

impl Graph {
    /// Items it covers.
    pub fn len(&self) -> usize {
        self.header.count as usize
    }

    /// Whether it covers nothing.
    pub fn is_empty(&self) -> bool {
        self.header.count == 0
    }

    /// Links in all layers.
    pub fn links(&self) -> usize {
        self.layers.iter().map(|layer| layer.links.len()).sum()
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> usize {
        self.image.words().len() * 4
    }

    /// M and efConstruction that it was built with.
    pub fn parameters(&self) -> (usize, usize) {
        let header = &self.header;
        (header.connections as usize, header.candidates as usize)
    }

    /// Generation of the snapshot that it covers.
    pub fn generation(&self) -> u64 {
        self.header.generation
    }

    pub(crate) fn belongs_to(&self, generation: u64, snapshot: u32) -> bool {
        self.header.generation == generation && self.header.snapshot == snapshot
    }

    /// Neighbours of an item; none where it is not in the layer.
    fn neighbours(&self, layer: &Layer, item: u32) -> &[u32] {
        let words = self.image.words();
        let items = &words[layer.items.clone()];
        let place = if items.is_empty() {
            item as usize
        } else {
            match items.binary_search(&item) {
                Ok(place) => place,
                Err(_) => return &[],
            }
        };
        let starts = &words[layer.starts.clone()];
        let (Some(&start), Some(&end)) = (starts.get(place), starts.get(place + 1)) else {
            return &[];
        };
        &words[layer.links.clone()][start as usize..end as usize]
    }

    /// The nearest of the `rows` it covers that a walk of `width` finds, unordered, without `removed` ones.
    pub(crate) fn search(
        &self,
        query: &[f32],
        rows: Rows<'_>,
        removed: &Slots,
        width: usize,
        scratch: &mut Scratch,
    ) -> Vec<u32> {
        let metric = SquaredDistance::new();
        let distance = |item: u32| metric.between(query, rows.row(item as usize));
        let Some((lowest, upper)) = self.layers.split_first().filter(|_| !self.is_empty()) else {
            return Vec::new();
        };
        let item = self.header.entry;
        let entry = Near {
            distance: distance(item),
            item,
        };
        let mut near = entry;
        for layer in upper.iter().rev() {
            near = descend(near, |item| self.neighbours(layer, item), distance);
        }
        // From the entry, too, because all items can be reached from there.
        scratch
            .walk(
                [near, entry],
                width,
                self.len(),
                |item| self.neighbours(lowest, item),
                distance,
                |item| !removed.contains(item),
            )
            .map(|near| near.item)
            .collect()
    }
}
