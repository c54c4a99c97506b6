//! Decides between terminal, plain and quiet output.
//!
//! Results go to standard output; progress, notes, warnings and errors to standard error.

use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::error::CliError;
use crate::paint::Paint;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Bars that move.
    Terminal,
    /// A line for each thing that is done, without escape codes.
    Plain,
    /// Not at all.
    Quiet,
}

/// Where the program's words go.
#[derive(Debug)]
pub struct Printer {
    mode: Mode,
    on_terminal: bool,
    out: Paint,
    err: Paint,
}

impl Printer {
    /// Looks at both streams, `$TERM` and `$NO_COLOR`.
    pub fn new(quiet: bool) -> Self {
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let mode = match (quiet, err && !dumb) {
            (true, _) => Mode::Quiet,
            (false, true) => Mode::Terminal,
            (false, false) => Mode::Plain,
        };
        Self {
            mode,
            on_terminal: out,
            out: Paint::new(out && !dumb && !no_color),
            err: Paint::new(err && !dumb && !no_color),
        }
    }

    /// How progress is shown.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether standard output is a terminal, so that tables may be ruled and fitted to its width.
    pub fn on_terminal(&self) -> bool {
        self.on_terminal
    }

    /// Colours of standard output.
    pub fn paint(&self) -> Paint {
        self.out
    }

    /// Colours of standard error, to which progress goes.
    pub fn progress_paint(&self) -> Paint {
        self.err
    }

    /// A line of the result.
    ///
    /// # Errors
    /// Where standard output cannot be written, a closed pipe included.
    pub fn out(&self, line: impl Display) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{line}")
            .and_then(|()| stdout.flush())
            .map_err(CliError::Output)
    }

    /// A line about what is going on.
    pub fn note(&self, line: impl Display) {
        if self.mode != Mode::Quiet {
            say(line);
        }
    }

    /// Something accepted that deserves a look.
    pub fn warning(&self, text: impl Display) {
        self.note(format!("{} {text}", self.err.warning("warning:")));
    }

    /// What ended the program.
    pub fn error(&self, error: &CliError) {
        for message in error.messages() {
            say(format!("{} {message}", self.err.bad("error:")));
        }
    }
}

/// A line to standard error. Work does not end because nobody reads what is said about it.
fn say(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
