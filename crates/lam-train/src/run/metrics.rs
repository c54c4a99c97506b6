//! `metrics.json` and `metrics.csv`: the results of a run and what is needed to read them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::atomic::write_atomic;
use super::{RunError, RunFolder};
use crate::config::Config;

/// What a result must say about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunMetadata {
    /// The data set.
    pub dataset: String,
    /// The method.
    pub method: String,
    /// The configuration's name.
    pub name: String,
    /// What chose the checkpoint.
    pub protocol: String,
    /// The seed.
    pub seed: u64,
    /// [`Config::identity_hash`].
    pub config_hash: String,
    /// Version of the program.
    pub version: String,
}

impl RunMetadata {
    /// The metadata of a run of `config`, the configuration named `name`.
    pub fn of(config: &Config, name: &str) -> Self {
        Self {
            dataset: config.dataset.to_string(),
            method: config.model.to_string(),
            name: name.to_owned(),
            protocol: config.selection.protocol().to_owned(),
            seed: config.seed,
            config_hash: config.identity_hash(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    pub(crate) fn fields(&self) -> [(&'static str, Value); 7] {
        [
            ("dataset", self.dataset.as_str().into()),
            ("method", self.method.as_str().into()),
            ("name", self.name.as_str().into()),
            ("protocol", self.protocol.as_str().into()),
            ("seed", self.seed.into()),
            ("config_hash", self.config_hash.as_str().into()),
            ("version", self.version.as_str().into()),
        ]
    }
}

/// Metrics with the metadata of their run. The written form holds no time and no path: the same
/// results give the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct RunMetrics {
    metadata: RunMetadata,
    values: Vec<(String, f64)>,
}

impl RunMetrics {
    /// Metrics in the order given; a value that is not finite stands for "undefined".
    ///
    /// # Errors
    /// A name stands twice.
    pub fn new(metadata: RunMetadata, values: Vec<(String, f64)>) -> Result<Self, RunError> {
        let mut names = BTreeSet::new();
        for (name, _) in &values {
            if !names.insert(name) {
                return Err(RunError::DuplicateMetric { name: name.clone() });
            }
        }
        Ok(Self { metadata, values })
    }

    /// The metrics in their order.
    pub fn values(&self) -> &[(String, f64)] {
        &self.values
    }

    /// The metadata.
    pub fn metadata(&self) -> &RunMetadata {
        &self.metadata
    }

    /// `{"metadata": {…}, "metrics": {name: value or null}}`, with all digits.
    pub fn to_json(&self) -> String {
        let object = |fields: &mut dyn Iterator<Item = (String, Value)>| -> Value {
            Value::Object(fields.collect::<Map<String, Value>>())
        };
        let mut metadata = self
            .metadata
            .fields()
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v));
        let mut metrics = self
            .values
            .iter()
            .map(|(k, v)| (k.clone(), Value::from(*v)));
        let mut root = Map::new();
        root.insert("metadata".to_owned(), object(&mut metadata));
        root.insert("metrics".to_owned(), object(&mut metrics));
        // The alternate form of a value is indented.
        format!("{:#}\n", Value::Object(root))
    }

    /// A header and one row, metadata first: rows of several runs concatenate to one table. An
    /// undefined value is an empty cell.
    pub fn to_csv(&self) -> String {
        let metadata = self.metadata.fields();
        let header = metadata
            .iter()
            .map(|(name, _)| csv_cell(name))
            .chain(self.values.iter().map(|(name, _)| csv_cell(name)));
        let row = metadata
            .iter()
            .map(|(_, value)| match value {
                Value::String(text) => csv_cell(text),
                other => other.to_string(),
            })
            .chain(self.values.iter().map(|(_, x)| csv_number(*x)));
        let line = |cells: Vec<String>| cells.join(",");
        format!("{}\n{}\n", line(header.collect()), line(row.collect()))
    }

    /// Writes both files into a run's folder, the JSON last, since it marks the run as finished.
    ///
    /// # Errors
    /// The path and the system's reason.
    pub fn write(&self, folder: &RunFolder) -> Result<(), RunError> {
        write_atomic(&folder.metrics_csv(), self.to_csv().as_bytes())?;
        write_atomic(&folder.metrics_json(), self.to_json().as_bytes())
    }

    /// Reads `metrics.json`; null becomes NaN.
    ///
    /// # Errors
    /// The file cannot be read or is not one of ours.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let text = fs::read_to_string(path).map_err(RunError::io("read", path))?;
        Self::from_json(&text).map_err(|reason| RunError::Corrupt {
            path: path.to_owned(),
            line: None,
            reason,
        })
    }

    fn from_json(text: &str) -> Result<Self, String> {
        let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let metadata = root.get("metadata").ok_or("no 'metadata' in it")?;
        let text_of = |name: &str| {
            let text = metadata.get(name).and_then(Value::as_str);
            text.map(str::to_owned)
                .ok_or(format!("no text '{name}' in its metadata"))
        };
        let seed = metadata.get("seed").and_then(Value::as_u64);
        let metadata = RunMetadata {
            dataset: text_of("dataset")?,
            method: text_of("method")?,
            name: text_of("name")?,
            protocol: text_of("protocol")?,
            seed: seed.ok_or("no number 'seed' in its metadata")?,
            config_hash: text_of("config_hash")?,
            version: text_of("version")?,
        };
        let metrics = root.get("metrics").and_then(Value::as_object);
        let values = metrics
            .ok_or("no 'metrics' in it")?
            .iter()
            .map(|(name, value)| match value {
                Value::Null => Ok((name.clone(), f64::NAN)),
                other => other
                    .as_f64()
                    .map(|x| (name.clone(), x))
                    .ok_or(format!("the metric '{name}' is not a number")),
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { metadata, values })
    }
}

/// A number as a cell; one that is not finite is an empty cell.
pub(crate) fn csv_number(x: f64) -> String {
    if x.is_finite() {
        // The same digits as in the JSON.
        Value::from(x).to_string()
    } else {
        String::new()
    }
}

/// A cell by RFC 4180.
pub(crate) fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
