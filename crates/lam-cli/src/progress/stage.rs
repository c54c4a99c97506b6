//! A bar at the bottom of the terminal, and lines above it that stay.

use std::fmt::Display;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::units;
use crate::printer::{Mode, Printer};

/// What a bar counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Steps of training.
    Steps,
    /// Images.
    Images,
    /// Items of an index.
    Items,
    /// Bytes.
    Bytes,
}

impl Counting {
    fn style(self, coloured: bool) -> ProgressStyle {
        let bar = if coloured {
            "{bar:20.cyan/dim}"
        } else {
            "{bar:20}"
        };
        let rest = match self {
            Self::Steps => "{pos}/{len} {rate} it/s · {left} left{msg}",
            Self::Images => "{pos}/{len} {rate} images/s · {left} left",
            Self::Items => "{pos}/{len} {rate} items/s · {left} left",
            Self::Bytes => "{bytes}/{total_bytes} {bytes_per_sec} · {left} left",
        };
        template(&format!("{{prefix}} {bar} {rest}"))
            .progress_chars("━╸─")
            .with_key(
                "rate",
                |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    // A failed write to the line of a bar leaves the line shorter, no more.
                    let _ = out.write_str(&units::rate(state.per_sec()));
                },
            )
            .with_key(
                "left",
                |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    let _ = out.write_str(&units::duration(state.eta()));
                },
            )
    }
}

/// Templates are constants of this file; a wrong one shows itself as a plain bar.
fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// What is being done now. Without a terminal there are only the lines.
pub struct Stage<'a> {
    printer: &'a Printer,
    bar: Option<ProgressBar>,
}

impl<'a> Stage<'a> {
    /// Nothing yet.
    pub fn new(printer: &'a Printer) -> Self {
        Self { printer, bar: None }
    }

    /// Shows a bar in place of what was there, `done` of `length` being done.
    pub fn bar(&mut self, counting: Counting, name: String, done: u64, length: u64) {
        self.clear();
        if self.printer.mode() == Mode::Terminal {
            let bar = ProgressBar::new(length)
                .with_position(done)
                .with_style(counting.style(self.printer.progress_paint().is_on()))
                .with_prefix(name);
            // What was done before must not count as done in no time.
            bar.reset_eta();
            self.bar = Some(bar);
        }
    }

    /// Shows that something goes on which cannot be counted.
    pub fn spinner(&mut self, text: String) {
        self.clear();
        if self.printer.mode() == Mode::Terminal {
            let spinner = ProgressBar::new_spinner()
                .with_style(template("{spinner} {msg}"))
                .with_message(text);
            spinner.enable_steady_tick(Duration::from_millis(120));
            self.bar = Some(spinner);
        }
    }

    /// Moves the bar by so much.
    pub fn advance(&self, by: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(by);
        }
    }

    /// Moves the bar there, backwards too.
    pub fn set_position(&self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    /// Text inside of the bar's line; made only if there is one.
    pub fn set_message(&self, text: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_message(text());
        }
    }

    /// A line that stays.
    pub fn line(&self, line: impl Display) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.printer.note(line)),
            None => self.printer.note(line),
        }
    }

    /// Removes the bar.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
