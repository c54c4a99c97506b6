//! What can be wrong with a configuration, said so that it can be put right.

use std::fmt;
use std::path::PathBuf;

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A whole file.
    File(PathBuf),
    /// A line of a file, counted from 1.
    Line(PathBuf, usize),
    /// An argument of the command line, as given (`--set lr=x`).
    Argument(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Line(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Argument(argument) => f.write_str(argument),
        }
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No key has this name.
    #[error("unknown key '{key}': {}", did_you_mean(.nearest))]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// The value has the wrong type or lies outside what the key accepts.
    #[error("'{key}' is {found}: expected {expected}{}", nearest_valid(.nearest))]
    BadValue {
        /// The key.
        key: String,
        /// What stands there, in words.
        found: String,
        /// Type and range or list of names.
        expected: String,
        /// The nearest value that would be accepted, as it would be written.
        nearest: Option<String>,
    },
    /// A key that has no default is absent.
    #[error("'{key}' is missing: expected {expected}")]
    Missing {
        /// The key.
        key: String,
        /// Type and range or list of names.
        expected: String,
    },
    /// A key stands twice.
    #[error("duplicate key '{key}', already on line {first}: keep one of the two")]
    Duplicate {
        /// The key.
        key: String,
        /// Line of the first occurrence.
        first: usize,
    },
    /// Two keys exclude each other.
    #[error("{message}")]
    Conflict {
        /// Which keys, and what to do.
        message: String,
    },
    /// The document is something else than keys with values.
    #[error("not a mapping: found {found}, expected lines of the form 'key: value'")]
    NotMapping {
        /// What stands there, in words.
        found: String,
    },
    /// Nothing in the file.
    #[error(
        "the file is empty: expected lines of the form 'key: value', at least 'model' and 'dataset'"
    )]
    Empty,
    /// A tab indents a line.
    #[error(
        "a tab in the indentation: YAML indents with spaces, and keys of a configuration are not indented"
    )]
    Tab,
    /// The parser gave up.
    #[error("not valid YAML: {message}")]
    Syntax {
        /// The parser's message.
        message: String,
    },
    /// Bytes that are not text.
    #[error("not UTF-8 text (byte {offset}): save the file as UTF-8")]
    NotUtf8 {
        /// Offset of the first byte that is wrong.
        offset: usize,
    },
    /// A file that cannot be a configuration.
    #[error("more than {limit} bytes: too large for a configuration file")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The file cannot be read.
    #[error("cannot read the file: {reason}")]
    Unreadable {
        /// The system's reason.
        reason: String,
    },
    /// An argument of `--set` without `=`.
    #[error("expected --set key=value")]
    NotKeyValue,
}

fn did_you_mean(nearest: &Option<String>) -> String {
    match nearest {
        Some(key) => format!("did you mean '{key}'?"),
        None => "no key has a similar name; configs/README.md lists them all".to_owned(),
    }
}

fn nearest_valid(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|value| format!("; nearest valid: {value}"))
        .unwrap_or_default()
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault)
    }
}

/// Something accepted that deserves a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub place: Place,
    /// What, and what to do about it.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Everything that is wrong with a configuration, one problem a line, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one problem.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
        }
    }
}
