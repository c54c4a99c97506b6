use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A file, and where it holds several things, the name of one: `clip.safetensors:image_embeds`, `table.parquet:embedding`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilePart {
    /// The file.
    pub file: PathBuf,
    /// The tensor or column in it; the only one if none.
    pub name: Option<String>,
}

/// Endings of files that hold something with a name.
const WITH_NAMES: [&str; 5] = ["safetensors", "parquet", "csv", "tsv", "npy"];

impl FilePart {
    /// The only thing in a file.
    pub fn file(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            name: None,
        }
    }

    /// Something with a name in a file.
    pub fn named(file: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            name: Some(name.into()),
        }
    }

    /// The ending of the file's name in lower case; empty if it has none.
    pub(crate) fn ending(&self) -> String {
        ending_of(&self.file)
    }
}

/// The ending of a file's name in lower case.
pub(crate) fn ending_of(file: &Path) -> String {
    file.extension()
        .map_or_else(String::new, |e| e.to_string_lossy().to_ascii_lowercase())
}

impl FromStr for FilePart {
    type Err = std::convert::Infallible;

    /// Text after the last colon is a name if what stands before it ends like a file that has names, and if no file has
    /// the whole text as its name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (file, name) = match text.rsplit_once(':') {
            Some(parts) => parts,
            None => return Ok(Self::file(text)),
        };
        let named = WITH_NAMES.contains(&ending_of(Path::new(file)).as_str());
        Ok(if named && !name.is_empty() && !Path::new(text).exists() {
            Self::named(file, name)
        } else {
            Self::file(text)
        })
    }
}

impl fmt::Display for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}:{name}", self.file.display()),
            None => write!(f, "{}", self.file.display()),
        }
    }
}
