use serde_json::{Map, Value, json};

/// What is known about embeddings before the first is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingHeader {
    /// Embeddings (N); fewer become of it where some pictures cannot be read.
    pub rows: usize,
    /// Numbers in each (D).
    pub dim: usize,
    /// Whether each comes with its spread and its uncertainty.
    pub spread: bool,
    /// What the classes are called: a label is a position in it. An empty name stands for a class that is not known; none
    /// where no class is.
    pub class_names: Option<Vec<String>>,
    /// What they were computed by, for instance a fingerprint; kept as it is.
    pub model: Option<String>,
}

impl EmbeddingHeader {
    pub(super) fn to_json(&self) -> String {
        let mut object = Map::new();
        object.insert("rows".to_owned(), json!(self.rows));
        object.insert("dim".to_owned(), json!(self.dim));
        object.insert("spread".to_owned(), json!(self.spread));
        object.insert("classes".to_owned(), json!(self.class_names));
        object.insert("model".to_owned(), json!(self.model));
        Value::Object(object).to_string()
    }

    pub(super) fn from_json(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let size = |key: &str| usize::try_from(value.get(key)?.as_u64()?).ok();
        Some(Self {
            rows: size("rows")?,
            dim: size("dim")?,
            spread: value.get("spread").and_then(Value::as_bool)?,
            class_names: value.get("classes").and_then(names),
            model: value
                .get("model")
                .and_then(Value::as_str)
                .map(str::to_owned),
        })
    }
}

/// A list of texts.
fn names(value: &Value) -> Option<Vec<String>> {
    let names = value.as_array()?.iter();
    names.map(|name| name.as_str().map(str::to_owned)).collect()
}
