//! Reads a file, lays overrides over it, checks everything and reports all that is wrong at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::checks;
use super::keys::MISSPELT_KEYS;
use super::problem::{Fault, Place, Problem};
use super::reader::{Raw, Reader};
use super::suggest::nearest_key;
use super::yaml::{Entry, read_mapping, read_value, shorten};
use super::{Config, ConfigError, ConfigValue, Origin, Warning, key_specs};

/// The largest configuration file that is read.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;

/// A value that takes the place of a file's; later ones win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Override {
    /// The argument of `--set`: `key=value`, the value as it would stand in a file.
    Set(String),
    /// A flag of its own, see [`Override::flag`].
    Flag {
        /// The flag as typed, `--epochs`.
        flag: String,
        /// The key it sets.
        key: &'static str,
        /// The value as it would stand in a file.
        value: String,
    },
}

impl Override {
    /// A flag such as `--epochs 5`, which sets `key` to a value already read from the command line.
    pub fn flag<T: ConfigValue>(flag: &str, key: &'static str, value: &T) -> Self {
        Self::Flag {
            flag: flag.to_owned(),
            key,
            value: value.write(),
        }
    }

    /// The value as it would stand in a file; empty where there is none.
    pub fn value(&self) -> &str {
        match self {
            Self::Set(argument) => argument
                .split_once('=')
                .map_or("", |(_, value)| value.trim()),
            Self::Flag { value, .. } => value,
        }
    }

    /// The key that is set.
    pub fn key(&self) -> &str {
        match self {
            Self::Set(argument) => argument.split_once('=').map_or(argument, |(key, _)| key),
            Self::Flag { key, .. } => key,
        }
    }
}

/// A configuration and what deserves a word about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Accepted, but worth saying.
    pub warnings: Vec<Warning>,
}

impl Config {
    /// Reads a file and lays the overrides over it.
    ///
    /// # Errors
    /// Everything that is wrong with the file and the overrides, each with its place.
    pub fn load(path: &Path, overrides: &[Override]) -> Result<Loaded, ConfigError> {
        let text = read_text(path).map_err(|fault| Problem {
            place: Place::File(path.to_owned()),
            fault,
        })?;
        Self::parse(&text, path, overrides)
    }

    /// Reads the text of a file; `path` only names it in messages and origins.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path, overrides: &[Override]) -> Result<Loaded, ConfigError> {
        let entries = read_mapping(text).map_err(|(line, fault)| Problem {
            place: match line {
                Some(line) => Place::Line(path.to_owned(), line),
                None => Place::File(path.to_owned()),
            },
            fault,
        })?;
        let mut gathered = Gathered::default();
        for entry in entries {
            gathered.file_entry(entry, path);
        }
        for one in overrides {
            gathered.override_entry(one);
        }
        gathered.finish(Place::File(path.to_owned()))
    }
}

/// The text of a file of at most [`MAX_FILE_BYTES`].
pub(crate) fn read_text(path: &Path) -> Result<String, Fault> {
    let unreadable = |error: std::io::Error| Fault::Unreadable {
        reason: error.to_string(),
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte beyond the limit tells a file that is too large, also where its size is not known.
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Fault::TooLarge {
            limit: MAX_FILE_BYTES,
        });
    }
    String::from_utf8(bytes).map_err(|error| Fault::NotUtf8 {
        offset: error.utf8_error().valid_up_to(),
    })
}

/// The raw values of known keys, and what was wrong on the way to them.
#[derive(Default)]
struct Gathered {
    raw: BTreeMap<String, Raw>,
    first_lines: BTreeMap<String, usize>,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl Gathered {
    fn file_entry(&mut self, entry: Entry, path: &Path) {
        let Entry { key, line, node } = entry;
        let place = Place::Line(path.to_owned(), line);
        let Some(known) = self.known_key(&key, &place) else {
            return;
        };
        if let Some(&first) = self.first_lines.get(known) {
            let fault = Fault::Duplicate {
                key: known.to_owned(),
                first,
            };
            self.problems.push(Problem { place, fault });
            return;
        }
        self.first_lines.insert(known.to_owned(), line);
        let origin = Origin::File {
            path: path.to_owned(),
            line,
        };
        self.insert(
            known,
            Raw {
                node,
                place,
                origin,
            },
        );
    }

    fn override_entry(&mut self, one: &Override) {
        let (place, origin, key, value) = match one {
            Override::Set(argument) => {
                let place = Place::Argument(format!("--set {}", shorten(argument)));
                let Some((key, value)) = argument.split_once('=') else {
                    let fault = Fault::NotKeyValue;
                    self.problems.push(Problem { place, fault });
                    return;
                };
                (place, Origin::Set, key.trim(), value)
            }
            Override::Flag { flag, key, value } => {
                let place = Place::Argument(format!("{flag} {}", shorten(value)));
                (place, Origin::Flag(flag.clone()), *key, value.as_str())
            }
        };
        let Some(known) = self.known_key(key, &place) else {
            return;
        };
        match read_value(value) {
            Ok(node) => self.insert(
                known,
                Raw {
                    node,
                    place,
                    origin,
                },
            ),
            Err(fault) => self.problems.push(Problem { place, fault }),
        }
    }

    fn insert(&mut self, key: &str, raw: Raw) {
        self.raw.insert(key.to_owned(), raw);
    }

    /// The key a written name stands for; an unknown one is reported.
    fn known_key(&mut self, written: &str, place: &Place) -> Option<&'static str> {
        let exact = key_specs().iter().find(|spec| spec.key == written);
        if let Some(spec) = exact {
            return Some(spec.key);
        }
        if let Some(&(wrong, right)) = MISSPELT_KEYS.iter().find(|(wrong, _)| *wrong == written) {
            self.warnings.push(Warning {
                place: place.clone(),
                message: format!("'{wrong}' is read as '{right}'; write it so"),
            });
            return Some(right);
        }
        let nearest = nearest_key(written, key_specs().iter().map(|spec| spec.key));
        self.problems.push(Problem {
            place: place.clone(),
            fault: Fault::UnknownKey {
                key: shorten(written),
                nearest: nearest.map(str::to_owned),
            },
        });
        None
    }

    fn finish(self, whole: Place) -> Result<Loaded, ConfigError> {
        let mut reader = Reader {
            raw: self.raw,
            whole,
            problems: self.problems,
            broken: BTreeSet::new(),
        };
        let config = Config::read(&mut reader);
        let mut warnings = self.warnings;
        checks::cross_check(&config, &mut reader, &mut warnings);
        if reader.problems.is_empty() {
            warnings.sort_by_key(|warning| order(&warning.place));
            Ok(Loaded { config, warnings })
        } else {
            let mut problems = reader.problems;
            problems.sort_by_key(|problem| order(&problem.place));
            Err(ConfigError { problems })
        }
    }
}

/// Lines in their order, then the command line, then what concerns the whole file.
fn order(place: &Place) -> (u8, usize) {
    match place {
        Place::Line(_, line) => (0, *line),
        Place::Argument(_) => (1, 0),
        Place::File(_) => (2, 0),
    }
}
