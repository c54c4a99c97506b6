//! The content of an index as it changes: a snapshot and the records of its log.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::columns::OwnedColumns;
use super::record::{Record, decode};
use super::snapshot::Snapshot;
use super::snapshot_writer::Source;
use super::{Block, GraphState, Item, ItemId, Spec, StoreError, View};
use crate::slots::Slots;

/// Items of the log in one block; every change copies the block that is not full yet.
const BLOCK: usize = 1024;

#[derive(Debug)]
pub(crate) struct Contents {
    spec: Spec,
    generation: u64,
    snapshot_checksum: u32,
    threshold: Option<f64>,
    classes: Arc<BTreeMap<u32, String>>,
    /// Blocks with the number of their first slot; the first one is the snapshot.
    blocks: Vec<(u32, Arc<Block>)>,
    /// The latest items, not a block yet.
    latest: OwnedColumns,
    latest_first: u32,
    removed: Arc<Slots>,
    /// Slots of the items that are not removed, once they were asked for.
    ids: Option<HashMap<ItemId, u32>>,
    graph: GraphState,
}

impl Contents {
    pub(crate) fn new(snapshot: Snapshot, graph: GraphState) -> Self {
        let header = *snapshot.header();
        Self {
            spec: header.spec,
            generation: header.generation,
            snapshot_checksum: snapshot.checksum(),
            threshold: header.threshold,
            classes: Arc::new(snapshot.classes().clone()),
            latest: OwnedColumns::new(header.spec.dim),
            // At most Rows::MAX_ROWS.
            latest_first: header.count as u32,
            blocks: vec![(0, Arc::new(Block::mapped(snapshot)))],
            removed: Arc::default(),
            ids: None,
            graph,
        }
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn snapshot_checksum(&self) -> u32 {
        self.snapshot_checksum
    }

    pub(crate) fn class(&self, label: u32) -> Option<&str> {
        self.classes.get(&label).map(String::as_str)
    }

    pub(crate) fn graph(&self) -> &GraphState {
        &self.graph
    }

    pub(crate) fn set_graph(&mut self, graph: GraphState) {
        self.graph = graph;
    }

    /// Slots in use, those of removed items included.
    pub(crate) fn slots(&self) -> usize {
        self.latest_first as usize + self.latest.len()
    }

    /// The slots of the items, by id. `path` is the file to blame where two have one id.
    pub(crate) fn ids(&mut self, path: &Path) -> Result<&mut HashMap<ItemId, u32>, StoreError> {
        let ids = match self.ids.take() {
            Some(ids) => ids,
            None => self.collect_ids(path)?,
        };
        Ok(self.ids.insert(ids))
    }

    fn collect_ids(&self, path: &Path) -> Result<HashMap<ItemId, u32>, StoreError> {
        let mut ids = HashMap::with_capacity(self.slots());
        let latest = (self.latest_first, self.latest.columns());
        let blocks = self.blocks.iter();
        let blocks = blocks.map(|(first, block)| (*first, block.columns()));
        for (first, columns) in blocks.chain([latest]) {
            for row in 0..columns.len() {
                let slot = first + row as u32;
                if self.removed.contains(slot) {
                    continue;
                }
                if ids.insert(columns.id(row), slot).is_some() {
                    let id = columns.id(row);
                    return Err(StoreError::damaged(
                        path,
                        format!("two items are called {id}"),
                    ));
                }
            }
        }
        Ok(ids)
    }

    /// Applies a record read from the log `path`, which must be one that could have been written.
    pub(crate) fn apply_payload(&mut self, payload: &[u8], path: &Path) -> Result<(), StoreError> {
        let record = decode(payload, &self.spec)
            .ok_or_else(|| StoreError::damaged(path, "a record has no meaning"))?;
        let blame = |error: StoreError| StoreError::damaged(path, error.to_string());
        match &record {
            Record::Put(item) => {
                self.spec.check_item(item).map_err(blame)?;
                check_class(item, |label| self.class(label)).map_err(blame)?;
                self.check_room(1).map_err(blame)?;
            }
            Record::Threshold(Some(value)) if value.is_nan() => {
                return Err(StoreError::damaged(path, "a threshold is not a number"));
            }
            _ => {}
        }
        self.apply(record, path)
    }

    /// Applies a change that was checked.
    pub(crate) fn apply(&mut self, record: Record, path: &Path) -> Result<(), StoreError> {
        match record {
            Record::Put(item) => self.put(&item, path)?,
            Record::Remove(id) => {
                if let Some(slot) = self.ids(path)?.remove(&id) {
                    Arc::make_mut(&mut self.removed).insert(slot);
                }
            }
            Record::Threshold(threshold) => self.threshold = threshold,
        }
        Ok(())
    }

    pub(crate) fn put(&mut self, item: &Item, path: &Path) -> Result<(), StoreError> {
        // Below Rows::MAX_ROWS.
        let slot = self.slots() as u32;
        if let Some(before) = self.ids(path)?.insert(item.id.clone(), slot) {
            Arc::make_mut(&mut self.removed).insert(before);
        }
        if let (Some(label), Some(class)) = (item.label, &item.class)
            && !self.classes.contains_key(&label)
        {
            Arc::make_mut(&mut self.classes).insert(label, class.clone());
        }
        self.latest.push(item);
        if self.latest.len() == BLOCK {
            let full = std::mem::replace(&mut self.latest, OwnedColumns::new(self.spec.dim));
            let block = Arc::new(Block::owned(full));
            self.blocks.push((self.latest_first, block));
            self.latest_first += BLOCK as u32;
        }
        Ok(())
    }

    pub(crate) fn check_room(&self, items: usize) -> Result<(), StoreError> {
        let max = crate::Rows::MAX_ROWS;
        if self.slots().checked_add(items).is_none_or(|sum| sum > max) {
            return Err(StoreError::Full { items, max });
        }
        Ok(())
    }

    /// The content now, for searches.
    pub(crate) fn view(&self) -> View {
        let mut blocks = self.blocks.clone();
        if self.latest.len() > 0 {
            let block = Arc::new(Block::owned(self.latest.clone()));
            blocks.push((self.latest_first, block));
        }
        View {
            spec: self.spec,
            generation: self.generation,
            snapshot_checksum: self.snapshot_checksum,
            threshold: self.threshold,
            classes: self.classes.clone(),
            blocks,
            slots: self.slots(),
            removed: self.removed.clone(),
            graph: self.graph.clone(),
        }
    }
}

/// A label has one name: `name` gives the one that is known.
pub(crate) fn check_class<'n>(
    item: &Item,
    name: impl FnOnce(u32) -> Option<&'n str>,
) -> Result<(), StoreError> {
    let (Some(label), Some(class)) = (item.label, &item.class) else {
        return Ok(());
    };
    match name(label) {
        Some(known) if known != class => Err(StoreError::ClassName {
            whose: format!("item {}", item.id),
            label,
            class: class.clone(),
            known: known.into(),
        }),
        _ => Ok(()),
    }
}

impl View {
    /// What a snapshot of this content is made of.
    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            spec: self.spec,
            threshold: self.threshold,
            classes: &self.classes,
            blocks: &self.blocks,
            removed: &self.removed,
        }
    }
}
