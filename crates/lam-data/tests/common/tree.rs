//! Folders of data sets in their exact layouts, made by the tests.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses some of it

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Real JPEG files of 12×8 pixels, each of one colour.
pub const PICTURES: [&[u8]; 4] = [
    include_bytes!("../fixtures/layouts/red.jpg"),
    include_bytes!("../fixtures/layouts/green.jpg"),
    include_bytes!("../fixtures/layouts/blue.jpg"),
    include_bytes!("../fixtures/layouts/grey.jpg"),
];

/// A folder that goes away with the test.
pub struct Tree {
    folder: TempDir,
}

impl Tree {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes pictures.
    pub fn pictures<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) {
        for (name, picture) in names.into_iter().zip(PICTURES.iter().cycle()) {
            self.write(name.as_ref(), picture);
        }
    }

    /// Path of a listed file below the folder, with `/`.
    pub fn relative(&self, path: &Path) -> String {
        let relative = path.strip_prefix(self.root()).unwrap();
        relative.to_str().unwrap().replace('\\', "/")
    }
}

/// Ends the test unless the error's message has all of these parts.
#[track_caller]
pub fn says<T: std::fmt::Debug>(result: Result<T, lam_data::DataError>, parts: &[&str]) {
    let message = result.unwrap_err().to_string();
    for part in parts {
        assert!(message.contains(part), "no '{part}' in: {message}");
    }
}
