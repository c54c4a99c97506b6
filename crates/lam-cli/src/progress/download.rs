//! A download: a bar per file, or a line when it begins and one when it ends.

use std::cell::RefCell;

use indicatif::BinaryBytes;
use lam_data::{FetchEvent, Progress};

use super::stage::{Counting, Stage};
use crate::printer::{Mode, Printer};

/// Shows a download.
pub struct DownloadProgress<'a> {
    printer: &'a Printer,
    // Events come through a shared reference, all from one thread.
    state: RefCell<State<'a>>,
}

struct State<'a> {
    stage: Stage<'a>,
    /// The file being downloaded.
    file: Option<String>,
}

impl<'a> DownloadProgress<'a> {
    /// Nothing yet.
    pub fn new(printer: &'a Printer) -> Self {
        let stage = Stage::new(printer);
        let state = RefCell::new(State { stage, file: None });
        Self { printer, state }
    }

    /// Removes the bar.
    pub fn finish(self) {}
}

impl Progress for DownloadProgress<'_> {
    fn event(&self, event: FetchEvent<'_>) {
        let mut state = self.state.borrow_mut();
        match event {
            FetchEvent::Present { file, total } => {
                state
                    .stage
                    .line(format!("{file}: there already ({})", BinaryBytes(total)));
            }
            FetchEvent::Advanced { file, done, total } => {
                if state.file.as_deref() != Some(file) {
                    state.file = Some(file.to_owned());
                    state
                        .stage
                        .bar(Counting::Bytes, file.to_owned(), done, total);
                    if self.printer.mode() == Mode::Plain {
                        let from = match done {
                            0 => String::new(),
                            _ => format!(", going on after {}", BinaryBytes(done)),
                        };
                        state
                            .stage
                            .line(format!("{file}: fetching {}{from}", BinaryBytes(total)));
                    }
                }
                state.stage.set_position(done);
            }
            FetchEvent::MirrorFailed { url, reason } => {
                let warning = self.printer.progress_paint().warning("warning:");
                state.stage.line(format!("{warning} {url}: {reason}"));
            }
            FetchEvent::Unpacking { file } => {
                state.stage.spinner(format!("{file}: unpacking"));
            }
            FetchEvent::Finished { file, total } => {
                state.stage.clear();
                state.file = None;
                let size = BinaryBytes(total);
                state
                    .stage
                    .line(format!("{file}: fetched and checked ({size})"));
            }
        }
    }
}
