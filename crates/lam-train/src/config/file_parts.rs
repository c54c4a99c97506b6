//! Files of vectors and of labels.

use lam_data::FilePart;

use super::yaml::Node;
use super::{Allowed, ConfigValue, write_text};

/// Files, or tensors and columns in them: `a.npy`, `b.parquet:embedding`. Several are read one after the other.
pub type FileParts = Vec<FilePart>;

/// Endings of files of vectors.
const VECTORS: [&str; 3] = ["npy", "safetensors", "parquet"];

/// Whether a text names a file of vectors, or a tensor or column in one.
pub(super) fn names_vectors(text: &str) -> bool {
    let Ok(part) = text.parse::<FilePart>();
    let ending = part.file.extension().map(|e| e.to_string_lossy());
    ending.is_some_and(|ending| {
        VECTORS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

impl ConfigValue for FileParts {
    fn describe(_: &Allowed) -> String {
        "a file, FILE:NAME for a tensor or column in it, or a list of them, or []".to_owned()
    }

    fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>> {
        let part = |node: &Node| -> Result<FilePart, Option<String>> {
            let text = String::read(node, allowed)?;
            if text.is_empty() || text.contains('\0') {
                return Err(None);
            }
            let Ok(part) = text.parse();
            Ok(part)
        };
        match node {
            Node::List(items) => items.iter().map(part).collect(),
            one => Ok(vec![part(one)?]),
        }
    }

    fn write(&self) -> String {
        let texts: Vec<String> = self
            .iter()
            .map(|part| write_text(&part.to_string()))
            .collect();
        match texts.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        }
    }
}
