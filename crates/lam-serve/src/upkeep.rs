//! What is done in the background: the map, compaction, the graph.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lam_search::approximate::GraphOptions;
use lam_search::store::{GraphState, Store, View, Writer};

use crate::map::Map;
use crate::state::MapCell;

/// The one writer, until the server ends.
#[derive(Clone)]
pub(crate) struct WriterCell(Arc<Mutex<Option<Writer>>>);

impl WriterCell {
    pub(crate) fn new(writer: Writer) -> Self {
        Self(Arc::new(Mutex::new(Some(writer))))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<Writer>> {
        // A writer that panicked keeps what it acknowledged, and checks its log before it goes on.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that the index has changed.
#[derive(Clone)]
pub(crate) struct Wake(SyncSender<()>);

impl Wake {
    pub(crate) fn wake(&self) {
        match self.0.try_send(()) {
            // Already said, or nobody listens any more.
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
    }
}

pub(crate) fn wake() -> (Wake, Receiver<()>) {
    let (sender, receiver) = sync_channel(1);
    (Wake(sender), receiver)
}

/// Items of the log that a search goes through block by block.
const MOST_IN_LOG: usize = 8 * 1024;
/// Or this share of the whole index, if that is more; the same for removed ones.
const MOST_SHARE: f64 = 0.2;
/// The map is made again after a change of this share of its items.
const STALE_SHARE: f64 = 0.05;
/// And not again before this long, times what it took.
const REST: u32 = 10;

pub(crate) struct Upkeep {
    pub(crate) writer: WriterCell,
    pub(crate) store: Store,
    pub(crate) map: MapCell,
    /// Items added and removed so far.
    pub(crate) changed: Arc<AtomicU64>,
    /// Whether searches go along the graph.
    pub(crate) graph: bool,
}

impl Upkeep {
    /// Runs until the last [`Wake`] is dropped. A graph that is being built then is given up by the end of the process, and
    /// the index is complete without it.
    pub(crate) fn start(self, changed: Receiver<()>) -> io::Result<()> {
        let thread = thread::Builder::new().name("upkeep".into());
        thread.spawn(move || self.run(&changed)).map(drop)
    }

    fn run(&self, changed: &Receiver<()>) {
        let mut mapped = None;
        loop {
            let begun = Instant::now();
            self.draw(&mut mapped);
            self.tidy();
            let rest = begun.elapsed() * REST;
            if changed.recv().is_err() {
                return;
            }
            // A burst of changes is one.
            thread::sleep(rest.clamp(Duration::from_millis(20), Duration::from_secs(10)));
        }
    }

    /// Draws the map if there is none, or the index has changed enough; `mapped` is how often it had changed then.
    fn draw(&self, mapped: &mut Option<(u64, usize)>) {
        let changes = self.changed.load(Ordering::Relaxed);
        if let Some((then, items)) = *mapped
            && (changes - then) as f64 <= items as f64 * STALE_SHARE
        {
            return;
        }
        let view = self.store.view();
        self.map.set(Map::new(&view, changes));
        *mapped = Some((changes, view.len()));
    }

    /// Compacts the index if that is due, and sees to its graph. What fails is tried again after the next change; the index
    /// serves without.
    fn tidy(&self) {
        let view = self.store.view();
        if is_due(&view)
            && let Some(writer) = self.writer.lock().as_mut()
        {
            let _ = writer.compact();
        }
        let view = self.store.view();
        let missing = !matches!(view.graph(), GraphState::Ready(_));
        if self.graph && missing && view.slots() > view.in_log() {
            // Without the writer: this may take minutes.
            let Ok(graph) = view.build_graph(GraphOptions::default()) else {
                return;
            };
            if let Some(writer) = self.writer.lock().as_mut() {
                let _ = writer.install_graph(graph);
            }
        }
    }
}

fn is_due(view: &View) -> bool {
    let most = (view.slots() as f64 * MOST_SHARE).max(MOST_IN_LOG as f64) as usize;
    view.in_log() > most || view.removed() > most
}
