//! Changes of the index: on the disk before they are acknowledged, and as many with one sync as wait for it.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lam_retrieve::Classes;
use lam_search::store::{Item, ItemId, StoreError, Writer};
use tokio::sync::oneshot;

use super::line::{Job, Line};
use crate::error::{Answered, Failure};
use crate::metrics::Metrics;
use crate::upkeep::{Wake, WriterCell};

/// Items that are written together, at most.
const MOST_ITEMS: usize = 10_000;

/// An item whose class has a name but no number yet.
#[derive(Debug, Clone)]
pub(crate) struct NewItem {
    pub(crate) item: Item,
    /// Name of its class, whatever its number is.
    pub(crate) class: Option<String>,
}

enum Change {
    Add(Vec<NewItem>),
    Remove(ItemId),
}

struct Changing {
    change: Change,
    reply: oneshot::Sender<Answered<usize>>,
}

impl Job for Changing {
    fn weight(&self) -> usize {
        match &self.change {
            Change::Add(items) => items.len(),
            Change::Remove(_) => 1,
        }
    }

    /// A change that was asked for is made, whether or not somebody waits.
    fn is_wanted(&self) -> bool {
        true
    }
}

/// The writer with the changes that wait for it.
pub(crate) struct Changes {
    line: Line<Changing>,
}

impl Changes {
    pub(crate) fn start(
        writer: WriterCell,
        classes: Classes,
        changed: Arc<AtomicU64>,
        wake: Wake,
        metrics: Metrics,
    ) -> io::Result<Self> {
        let mut committer = Committer {
            writer,
            classes,
            changed,
            wake,
            metrics,
        };
        let work = move |jobs| committer.commit(jobs);
        Ok(Self {
            line: Line::start("write", MOST_ITEMS, vec![work])?,
        })
    }

    /// Adds items, all or none; how many the index then holds.
    pub(crate) async fn add(&self, items: Vec<NewItem>) -> Answered<usize> {
        self.change(Change::Add(items)).await
    }

    /// Removes an item; how many the index then holds.
    pub(crate) async fn remove(&self, id: ItemId) -> Answered<usize> {
        self.change(Change::Remove(id)).await
    }

    async fn change(&self, change: Change) -> Answered<usize> {
        let (reply, answer) = oneshot::channel();
        self.line.push(Changing { change, reply });
        answer.await.unwrap_or_else(|_| Err(Failure::dropped()))
    }
}

struct Committer {
    writer: WriterCell,
    classes: Classes,
    /// Items added and removed so far.
    changed: Arc<AtomicU64>,
    wake: Wake,
    metrics: Metrics,
}

/// Items of a request, and who waits for it.
type Adding = (Vec<Item>, oneshot::Sender<Answered<usize>>);

impl Committer {
    fn commit(&mut self, jobs: Vec<Changing>) {
        let cell = self.writer.clone();
        let mut writer = cell.lock();
        let Some(writer) = writer.as_mut() else {
            for job in jobs {
                let closed = Failure::busy("the server is ending");
                let _ = job.reply.send(Err(closed));
            }
            return;
        };
        let mut adding: Vec<Adding> = Vec::new();
        let mut new = HashSet::new();
        for Changing { change, reply } in jobs {
            match change {
                Change::Add(items) => match self.prepare(writer, &mut new, items) {
                    Ok(items) => adding.push((items, reply)),
                    Err(error) => {
                        let _ = reply.send(Err(error.into()));
                    }
                },
                // In the order in which they came.
                Change::Remove(id) => {
                    self.add(writer, std::mem::take(&mut adding));
                    new.clear();
                    let _ = reply.send(self.remove(writer, id));
                }
            }
        }
        self.add(writer, adding);
        self.wake.wake();
    }

    /// Items with the numbers of their classes, none of which is in the index or among the `new` ones.
    fn prepare(
        &mut self,
        writer: &mut Writer,
        new: &mut HashSet<ItemId>,
        items: Vec<NewItem>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut own = HashSet::with_capacity(items.len());
        for NewItem { item, .. } in &items {
            let id = &item.id;
            if new.contains(id) || !own.insert(id.clone()) || writer.slot(id)?.is_some() {
                return Err(StoreError::Duplicate { id: id.clone() });
            }
        }
        new.extend(own);
        let items = items.into_iter();
        Ok(items
            .map(|NewItem { mut item, class }| {
                if let Some(name) = &class {
                    item.label = item.label.or_else(|| Some(self.classes.label(name)));
                }
                item.class = class;
                item
            })
            .collect())
    }

    fn add(&self, writer: &mut Writer, adding: Vec<Adding>) {
        if let [_, _, ..] = adding.as_slice() {
            let all = adding.iter().flat_map(|(items, _)| items.iter().cloned());
            let all: Vec<Item> = all.collect();
            if writer.add(&all).is_ok() {
                self.note(all.len());
                let held = writer.view().len();
                for (_, reply) in adding {
                    let _ = reply.send(Ok(held));
                }
                return;
            }
        }
        // Alone, or one of them cannot be added: the others are.
        for (items, reply) in adding {
            let added = writer.add(&items).map_err(Failure::from);
            if added.is_ok() {
                self.note(items.len());
            }
            let _ = reply.send(added.map(|()| writer.view().len()));
        }
    }

    fn remove(&self, writer: &mut Writer, id: ItemId) -> Answered<usize> {
        let removed = writer.remove(std::slice::from_ref(&id))?;
        if removed == 0 {
            return Err(Failure::not_found(format!(
                "there is no item {} in the index",
                crate::input::described(&id)
            )));
        }
        self.note(removed);
        Ok(writer.view().len())
    }

    fn note(&self, items: usize) {
        self.changed.fetch_add(items as u64, Ordering::Relaxed);
        self.metrics.written_together.observe(items as f64);
    }
}
