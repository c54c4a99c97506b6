//! Changes an index, durably.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::contents::{Contents, check_class};
use super::files::{
    Lock, graph_path, latest_generation, log_path, remove_leftovers, snapshot_path,
};
use super::log::{Log, MAX_PAYLOAD, Position, append_frame, read_from, replay};
use super::record::{Record, encode_put, encode_remove, encode_threshold};
use super::snapshot::{Snapshot, open_latest};
use super::snapshot_writer::{Source, write_snapshot};
use super::{GraphState, Item, ItemId, Spec, Store, StoreError, View};
use crate::approximate::{Graph, GraphOptions, load_graph};
use crate::slots::Slots;

/// What was found when an index was opened for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Items, removals and thresholds in the log.
    pub records: usize,
    /// Bytes cut off behind the last whole record: a change during which the writer was killed, and which
    /// it had not acknowledged.
    pub cut_bytes: u64,
}

/// The one writer of an index. Every change is on the disk when the method returns, and then seen by all
/// views taken afterwards.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    contents: Contents,
    log: Log,
    store: Store,
    recovery: Recovery,
    _lock: Lock,
}

/// Bytes handed to the system at once.
const PORTION: usize = 4 << 20;

impl Writer {
    /// Makes an empty index in `folder`, which is created where it is missing.
    ///
    /// # Errors
    /// There is an index already, the dimension is none, or the folder cannot be written.
    pub fn create(folder: &Path, spec: Spec) -> Result<Self, StoreError> {
        spec.check()?;
        fs::create_dir_all(folder).map_err(|e| StoreError::io(folder, "creating", e))?;
        let lock = Lock::take(folder)?;
        if latest_generation(folder)?.is_some() {
            return Err(StoreError::Exists {
                folder: folder.into(),
            });
        }
        let empty = Source {
            spec,
            threshold: None,
            classes: &BTreeMap::new(),
            blocks: &[],
            removed: &Slots::default(),
        };
        write_snapshot(&snapshot_path(folder, 1), 1, &empty)?;
        Self::open_locked(folder, lock)
    }

    /// Opens an index for writing. A torn record at the end of the log is cut off, see
    /// [`Writer::recovery`].
    ///
    /// # Errors
    /// There is no index, another process writes to it, or a file is damaged.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        if latest_generation(folder)?.is_none() {
            return Err(StoreError::NotAnIndex {
                folder: folder.into(),
            });
        }
        let lock = Lock::take(folder)?;
        Self::open_locked(folder, lock)
    }

    fn open_locked(folder: &Path, lock: Lock) -> Result<Self, StoreError> {
        let (_, snapshot) = open_latest(folder)?;
        let (contents, log, recovery) = recover(folder, snapshot)?;
        remove_leftovers(folder, contents.generation());
        Ok(Self {
            folder: folder.into(),
            store: Store::new(contents.view()),
            contents,
            log,
            recovery,
            _lock: lock,
        })
    }

    /// What was found when the index was opened.
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Where readers in this process get views from; clones may go to other threads.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What the index holds now.
    pub fn view(&self) -> Arc<View> {
        self.store.view()
    }

    /// The folder of the index.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The slot of an item in the latest view.
    ///
    /// # Errors
    /// Two items of the snapshot have one id.
    pub fn slot(&mut self, id: &ItemId) -> Result<Option<u32>, StoreError> {
        let path = self.snapshot_path();
        Ok(self.contents.ids(&path)?.get(id).copied())
    }

    /// Adds items: all or, whatever happens, none. All are checked before any is written.
    ///
    /// # Errors
    /// An id is taken, an item does not fit the [`Spec`], a label has another name already, or the disk
    /// fails. Nothing is added then.
    pub fn add(&mut self, items: &[Item]) -> Result<(), StoreError> {
        let path = self.snapshot_path();
        let ids = self.contents.ids(&path)?;
        let mut new = HashSet::with_capacity(items.len());
        for item in items {
            if ids.contains_key(&item.id) || !new.insert(&item.id) {
                return Err(StoreError::Duplicate {
                    id: item.id.clone(),
                });
            }
        }
        self.replace(items)
    }

    /// Adds items; one that has the id of another takes its place.
    ///
    /// # Errors
    /// As [`Writer::add`], but for ids that are taken.
    pub fn replace(&mut self, items: &[Item]) -> Result<(), StoreError> {
        let path = self.snapshot_path();
        self.check(items)?;
        // Before anything is written: afterwards nothing may fail.
        self.contents.ids(&path)?;
        if items.is_empty() {
            return Ok(());
        }
        self.write(items, encode_put)?;
        for item in items {
            self.contents.put(item, &path)?;
        }
        self.publish();
        Ok(())
    }

    fn check(&self, items: &[Item]) -> Result<(), StoreError> {
        self.contents.check_room(items.len())?;
        let mut names: BTreeMap<u32, &str> = BTreeMap::new();
        for item in items {
            self.contents.spec().check_item(item)?;
            check_class(item, |label| {
                let known = names.get(&label).copied();
                known.or_else(|| self.contents.class(label))
            })?;
            if let (Some(label), Some(class)) = (item.label, &item.class) {
                names.insert(label, class);
            }
            let id = match &item.id {
                ItemId::Number(_) => 0,
                ItemId::Text(text) => text.len(),
            };
            let class = item.class.as_ref().map_or(0, String::len);
            let sigma = item.sigma.as_ref().map_or(0, Vec::len);
            let bytes = id + class + item.metadata.len() + 4 * (item.mean.len() + sigma) + 64;
            if bytes > MAX_PAYLOAD {
                return Err(StoreError::TooLarge {
                    whose: format!("item {}", item.id),
                    bytes,
                    max: MAX_PAYLOAD,
                });
            }
        }
        Ok(())
    }

    /// Removes items; how many of the ids there were. Their room is free after [`Writer::compact`].
    ///
    /// # Errors
    /// The disk fails.
    pub fn remove(&mut self, ids: &[ItemId]) -> Result<usize, StoreError> {
        let path = self.snapshot_path();
        let known = self.contents.ids(&path)?;
        let mut seen = HashSet::new();
        let present = ids.iter();
        let present = present.filter(|id| known.contains_key(id) && seen.insert(*id));
        let present: Vec<&ItemId> = present.collect();
        if present.is_empty() {
            return Ok(0);
        }
        self.write(&present, |id, out| encode_remove(id, out))?;
        for id in &present {
            self.contents.apply(Record::Remove((*id).clone()), &path)?;
        }
        self.publish();
        Ok(present.len())
    }

    /// Sets or removes the threshold: queries with a higher uncertainty are not accepted.
    ///
    /// # Errors
    /// The threshold is NaN, or the disk fails.
    pub fn set_threshold(&mut self, threshold: Option<f64>) -> Result<(), StoreError> {
        if threshold.is_some_and(f64::is_nan) {
            return Err(StoreError::wrong("the threshold is not a number"));
        }
        let path = self.snapshot_path();
        self.write(&[threshold], |threshold, out| {
            encode_threshold(*threshold, out);
        })?;
        self.contents.apply(Record::Threshold(threshold), &path)?;
        self.publish();
        Ok(())
    }

    fn write<T>(
        &mut self,
        changes: &[T],
        encode: impl Fn(&T, &mut Vec<u8>),
    ) -> Result<(), StoreError> {
        let sequence = self.log.next_sequence();
        // Not more than there are slots.
        let mut following = changes.len() as u32;
        let mut rest = changes.iter();
        self.log.append(|out| {
            while out.len() < PORTION
                && let Some(change) = rest.next()
            {
                following -= 1;
                append_frame(out, sequence, following, |out| encode(change, out));
            }
        })
    }

    fn publish(&self) {
        self.store.publish(self.contents.view());
    }

    /// Writes what is there as a new snapshot, without the removed items, and begins an empty log. Views
    /// taken before stay as they are. The graph is to be built anew.
    ///
    /// # Errors
    /// The disk fails; the index is as before.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        self.log.check()?;
        let generation = self.contents.generation() + 1;
        let path = snapshot_path(&self.folder, generation);
        let renewed = write_snapshot(&path, generation, &self.contents.view().source())
            .and_then(|()| Snapshot::open(&path, generation))
            .and_then(|snapshot| recover(&self.folder, snapshot));
        match renewed {
            Ok((contents, log, _)) => {
                self.contents = contents;
                self.log = log;
                self.publish();
                remove_leftovers(&self.folder, generation);
                Ok(())
            }
            Err(error) => {
                // Where the new snapshot has its name, what is added to the old log would be lost.
                if fs::exists(&path).unwrap_or(true) {
                    self.log.poison(error.to_string());
                }
                Err(error)
            }
        }
    }

    /// Builds the graph of the approximate search where it is missing, stale or damaged; whether it did.
    /// Takes long; a server calls [`View::build_graph`] without holding the writer, and then
    /// [`Writer::install_graph`].
    ///
    /// # Errors
    /// The options are none, or the disk fails.
    pub fn ensure_graph(&mut self, options: GraphOptions) -> Result<bool, StoreError> {
        if matches!(self.contents.graph(), GraphState::Ready(_)) {
            return Ok(false);
        }
        let graph = self.view().build_graph(options)?;
        self.install_graph(graph)?;
        Ok(true)
    }

    /// Stores a graph beside the index and uses it.
    ///
    /// # Errors
    /// The index has been compacted since the graph was begun, or the disk fails.
    pub fn install_graph(&mut self, graph: Graph) -> Result<(), StoreError> {
        let generation = self.contents.generation();
        if !graph.belongs_to(generation, self.contents.snapshot_checksum()) {
            return Err(StoreError::StaleGraph {
                graph: graph.generation(),
                index: generation,
            });
        }
        let path = graph_path(&self.folder, generation);
        graph.write(&path)?;
        self.contents.set_graph(GraphState::Ready(Arc::new(graph)));
        self.publish();
        Ok(())
    }

    fn snapshot_path(&self) -> PathBuf {
        snapshot_path(&self.folder, self.contents.generation())
    }
}

/// A snapshot with what its log adds, and the log ready to be continued.
fn recover(folder: &Path, snapshot: Snapshot) -> Result<(Contents, Log, Recovery), StoreError> {
    let generation = snapshot.header().generation;
    let checksum = snapshot.checksum();
    let mut contents = contents_of(folder, snapshot);
    let path = log_path(folder, generation);
    let Some(bytes) = read_from(&path, generation, checksum, Position::START)? else {
        let log = Log::create(path, generation, checksum)?;
        return Ok((contents, log, Recovery::default()));
    };
    let mut records = 0;
    let (position, cut_bytes) = replay(&path, Position::START, &bytes, |payload| {
        records += 1;
        contents.apply_payload(payload, &path)
    })?;
    let log = Log::open(path, position)?;
    Ok((contents, log, Recovery { records, cut_bytes }))
}

/// A snapshot with its graph, without its log.
pub(super) fn contents_of(folder: &Path, snapshot: Snapshot) -> Contents {
    let header = snapshot.header();
    let path = graph_path(folder, header.generation);
    let graph = load_graph(&path, header.generation, snapshot.checksum(), header.count);
    Contents::new(snapshot, graph)
}
