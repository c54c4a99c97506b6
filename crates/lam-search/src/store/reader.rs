//! Follows an index that another process may be writing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::contents::Contents;
use super::files::{graph_path, latest_generation, log_path};
use super::log::{Position, read_from, replay};
use super::snapshot::open_latest;
use super::writer::contents_of;
use super::{GraphState, Store, StoreError, View};
use crate::approximate::load_graph;

/// An index opened for searching. It takes no lock and writes nothing; a change that is being written
/// while it looks is left for the next [`Reader::refresh`].
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    contents: Contents,
    position: Position,
    store: Store,
}

impl Reader {
    /// Opens the index in `folder`.
    ///
    /// # Errors
    /// There is no index, or a file is damaged.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let (contents, position) = load(folder)?;
        Ok(Self {
            folder: folder.into(),
            store: Store::new(contents.view()),
            contents,
            position,
        })
    }

    /// Where views come from; clones may go to other threads and see what [`Reader::refresh`] finds.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What the index held at the last look.
    pub fn view(&self) -> Arc<View> {
        self.store.view()
    }

    /// Looks for changes; whether there were any.
    ///
    /// # Errors
    /// A file is damaged. The last view stays.
    pub fn refresh(&mut self) -> Result<bool, StoreError> {
        let generation = self.contents.generation();
        if latest_generation(&self.folder)? != Some(generation) {
            return self.reload();
        }
        let position = match read_log(&self.folder, &mut self.contents, self.position) {
            // A writer that ran out of disk takes back what it began, which may have been seen.
            Err(StoreError::Damaged { .. }) => return self.reload(),
            other => other?,
        };
        let has_news = position != self.position;
        self.position = position;
        let has_graph = self.find_graph();
        if has_news || has_graph {
            self.store.publish(self.contents.view());
        }
        Ok(has_news || has_graph)
    }

    fn reload(&mut self) -> Result<bool, StoreError> {
        (self.contents, self.position) = load(&self.folder)?;
        self.store.publish(self.contents.view());
        Ok(true)
    }

    /// Whether there is a graph now where there was none.
    fn find_graph(&mut self) -> bool {
        if matches!(self.contents.graph(), GraphState::Ready(_)) {
            return false;
        }
        let generation = self.contents.generation();
        let graph = load_graph(
            &graph_path(&self.folder, generation),
            generation,
            self.contents.snapshot_checksum(),
            self.contents.view().snapshot().len() as u64,
        );
        let found = matches!(graph, GraphState::Ready(_));
        self.contents.set_graph(graph);
        found
    }
}

/// The latest snapshot with its whole log.
fn load(folder: &Path) -> Result<(Contents, Position), StoreError> {
    const ATTEMPTS: usize = 20;
    let mut attempt = 1;
    loop {
        let (_, snapshot) = open_latest(folder)?;
        let mut contents = contents_of(folder, snapshot);
        let position = read_log(folder, &mut contents, Position::START)?;
        // A compaction in between may have taken the log away before it was read.
        let is_latest = latest_generation(folder)? == Some(contents.generation());
        if is_latest || attempt == ATTEMPTS {
            return Ok((contents, position));
        }
        attempt += 1;
    }
}

/// Applies the records behind `from`; where they end. A torn one may be one that is being written.
fn read_log(
    folder: &Path,
    contents: &mut Contents,
    from: Position,
) -> Result<Position, StoreError> {
    let generation = contents.generation();
    let path = log_path(folder, generation);
    let Some(bytes) = read_from(&path, generation, contents.snapshot_checksum(), from)? else {
        return Ok(from);
    };
    let (position, _) = replay(&path, from, &bytes, |payload| {
        contents.apply_payload(payload, &path)
    })?;
    Ok(position)
}
