use std::collections::{HashMap, HashSet};

use lam_search::store::{ItemView, View};

use crate::{Address, Collection, Digest, RemoteError, Retry};

/// What an export does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportOptions {
    /// Items of a request, at least 1. One that grows large is sent earlier.
    pub batch: usize,
    /// Removes items from the database that the index does not hold.
    pub prune: bool,
    /// Builds a graph for approximate search afterwards, where the database does not do so by itself.
    pub graph: bool,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            batch: 256,
            prune: false,
            graph: false,
        }
    }
}

/// What goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportEvent {
    /// The table or collection is open and holds so many items.
    Opened {
        /// Items there.
        there: u64,
    },
    /// More of the index's items are there.
    Exported {
        /// Items sent by this request.
        written: usize,
        /// Items that were there as they are.
        unchanged: usize,
    },
    /// The database is being looked through for what the index does not hold.
    Pruning,
    /// The graph is being built.
    BuildingGraph,
}

/// What an export did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Items sent: new or changed.
    pub written: usize,
    /// Items that were there as they are.
    pub unchanged: usize,
    /// Items removed.
    pub removed: usize,
    /// Items there now.
    pub there: u64,
}

/// Bytes of a request after which it is sent: servers refuse requests of some tens of MiB.
const LARGE: usize = 8 << 20;
/// Keys looked at in one request.
const KEYS: usize = 4096;

/// Brings the items of an index into a table or collection, which is made if there is none. What is there
/// already is told by its digest and not sent again, so that the same export can be repeated, after an
/// interruption, say, or every night.
///
/// # Errors
/// Those of [`Collection::ensure`], items that the database cannot hold, and those of the connection, once
/// `retry` has given up. What was acknowledged stays.
pub fn export(
    view: &View,
    address: &Address,
    name: &str,
    options: &ExportOptions,
    retry: &Retry<'_>,
    progress: &mut dyn FnMut(ExportEvent),
) -> Result<Exported, RemoteError> {
    if options.batch == 0 {
        return Err(RemoteError::Usage(
            "a batch of 0 items sends nothing: give at least 1".into(),
        ));
    }
    let mut collection = Collection::ensure(address, name, view.spec(), options.graph, *retry)?;
    let there = collection.count()?;
    progress(ExportEvent::Opened { there });
    let mut done = Exported {
        written: 0,
        unchanged: 0,
        removed: 0,
        there,
    };
    for batch in batches(view, options.batch) {
        let (written, unchanged) = send(&mut collection, batch, there > 0)?;
        done.written += written;
        done.unchanged += unchanged;
        progress(ExportEvent::Exported { written, unchanged });
    }
    if options.prune {
        progress(ExportEvent::Pruning);
        done.removed = prune(&mut collection, view)?;
    }
    if options.graph {
        progress(ExportEvent::BuildingGraph);
        collection.build_graph()?;
    }
    done.there = collection.count()?;
    Ok(done)
}

/// Sends what is not there yet; how many items that were, and how many were there.
fn send(
    collection: &mut Collection<'_>,
    batch: Vec<ItemView<'_>>,
    may_be_there: bool,
) -> Result<(usize, usize), RemoteError> {
    let all = batch.len();
    let mut changed: Vec<(ItemView<'_>, Digest)> = Vec::with_capacity(all);
    if may_be_there {
        let keys = collection.keys_of(&batch);
        let known: HashMap<String, Digest> = collection.digests(&keys)?.into_iter().collect();
        for (item, key) in batch.into_iter().zip(keys) {
            let digest = Digest::of(&item);
            if known.get(&key) != Some(&digest) {
                changed.push((item, digest));
            }
        }
    } else {
        changed.extend(batch.into_iter().map(|item| {
            let digest = Digest::of(&item);
            (item, digest)
        }));
    }
    if !changed.is_empty() {
        collection.upsert(&changed)?;
    }
    Ok((changed.len(), all - changed.len()))
}

/// Removes what the index does not hold; how many items that were.
fn prune(collection: &mut Collection<'_>, view: &View) -> Result<usize, RemoteError> {
    let mut held = HashSet::with_capacity(view.len());
    for batch in batches(view, KEYS) {
        held.extend(collection.keys_of(&batch));
    }
    let mut all = 0;
    let mut from: Option<String> = None;
    loop {
        let page = collection.keys(from.as_deref(), KEYS)?;
        let mut gone = page.keys;
        gone.retain(|key| !held.contains(key));
        if !gone.is_empty() {
            collection.delete(&gone)?;
        }
        all += gone.len();
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok(all),
        }
    }
}

/// The items of a view, some at a time.
fn batches(view: &View, size: usize) -> impl Iterator<Item = Vec<ItemView<'_>>> {
    let mut items = view.items();
    std::iter::from_fn(move || {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < size && bytes < LARGE {
            let Some(item) = items.next() else { break };
            bytes += item.metadata.len() + size_of_val(item.mean);
            bytes += item.sigma.map_or(0, size_of_val);
            batch.push(item);
        }
        (!batch.is_empty()).then_some(batch)
    })
}
