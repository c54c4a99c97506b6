//! The content of an index at one moment.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Block, ItemView, Spec};
use crate::approximate::Graph;
use crate::slots::Slots;

/// Whether there is a graph for the approximate search.
#[derive(Debug, Clone)]
pub enum GraphState {
    /// It covers the snapshot; items of the log are searched exactly beside it.
    Ready(Arc<Graph>),
    /// None was built since the index was last compacted.
    Missing,
    /// It was built from another snapshot.
    Stale,
    /// Its file cannot be used, and why.
    Damaged(String),
}

/// Items that do not change: what an index held at one moment. Cheap to hold, free to be searched by many
/// threads.
#[derive(Debug)]
pub struct View {
    pub(super) spec: Spec,
    pub(super) generation: u64,
    pub(super) snapshot_checksum: u32,
    pub(super) threshold: Option<f64>,
    pub(super) classes: Arc<BTreeMap<u32, String>>,
    pub(super) blocks: Vec<(u32, Arc<Block>)>,
    pub(super) slots: usize,
    pub(super) removed: Arc<Slots>,
    pub(super) graph: GraphState,
}

impl View {
    /// What all items have in common.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Items that can be found.
    pub fn len(&self) -> usize {
        self.slots - self.removed.len()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Places in use: items and those removed since the last compaction. Slots are numbered below this.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Items removed or replaced since the last compaction, which still take room.
    pub fn removed(&self) -> usize {
        self.removed.len()
    }

    /// Items added since the last compaction, removed ones included.
    pub fn in_log(&self) -> usize {
        self.slots - self.snapshot().len()
    }

    /// How many snapshots the index has had.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Queries with an uncertainty above this are not accepted.
    pub fn threshold(&self) -> Option<f64> {
        self.threshold
    }

    /// Names of labels, as far as they were given.
    pub fn classes(&self) -> &BTreeMap<u32, String> {
        &self.classes
    }

    /// The graph of the approximate search.
    pub fn graph(&self) -> &GraphState {
        &self.graph
    }

    /// The item in a slot, if it is not removed.
    pub fn item(&self, slot: u32) -> Option<ItemView<'_>> {
        if slot as usize >= self.slots || self.removed.contains(slot) {
            return None;
        }
        let (block, row) = self.place(slot)?;
        let columns = block.columns();
        let label = columns.label(row);
        Some(ItemView {
            slot,
            id: columns.id(row),
            label,
            class: label.and_then(|label| self.classes.get(&label).map(String::as_str)),
            metadata: columns.metadata(row),
            mean: columns.mean(row),
            sigma: columns.sigma(row),
            uncertainty: columns.uncertainty(row),
        })
    }

    /// All items in the order in which they were added.
    pub fn items(&self) -> impl Iterator<Item = ItemView<'_>> {
        // At most Rows::MAX_ROWS slots.
        (0..self.slots as u32).filter_map(|slot| self.item(slot))
    }

    /// The block of a slot, and the row in it.
    pub(crate) fn place(&self, slot: u32) -> Option<(&Block, usize)> {
        let after = self.blocks.partition_point(|(first, _)| *first <= slot);
        let (first, block) = self.blocks.get(after.checked_sub(1)?)?;
        let row = (slot - first) as usize;
        (row < block.len()).then_some((block, row))
    }

    /// The items that the graph covers.
    pub(crate) fn snapshot(&self) -> &Block {
        // The constructor puts it there.
        &self.blocks[0].1
    }

    /// Blocks with the number of their first slot.
    pub(crate) fn blocks(&self) -> &[(u32, Arc<Block>)] {
        &self.blocks
    }

    pub(crate) fn removed_slots(&self) -> &Slots {
        &self.removed
    }

    pub(crate) fn snapshot_checksum(&self) -> u32 {
        self.snapshot_checksum
    }
}

/// Hands out the latest view; clones share it. For the threads of a server while one writer changes the
/// index.
#[derive(Debug, Clone)]
pub struct Store {
    latest: Arc<RwLock<Arc<View>>>,
}

impl Store {
    pub(super) fn new(view: View) -> Self {
        Self {
            latest: Arc::new(RwLock::new(Arc::new(view))),
        }
    }

    /// What the index holds now. The view stays as it is while the index changes.
    pub fn view(&self) -> Arc<View> {
        // Nothing panics while it holds the lock.
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        latest.clone()
    }

    pub(super) fn publish(&self, view: View) {
        let view = Arc::new(view);
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = view;
    }
}
