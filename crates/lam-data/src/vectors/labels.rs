use std::cmp::Ordering;
use std::collections::HashMap;

use super::VectorsError;
use super::column::{Value, each_value};
use super::file_part::FilePart;
use crate::DataError;

/// Names under which labels are found without being named.
pub(crate) const LABEL_COLUMNS: [&str; 5] = ["label", "labels", "class", "target", "y"];
/// Names under which ids are found without being named.
pub(crate) const ID_COLUMNS: [&str; 4] = ["id", "ids", "path", "image_path"];

/// The class of each row of one file, by name; numbers are named by their digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelColumn {
    /// Each class once, in the order in which they occur.
    names: Vec<String>,
    /// For each row, a position in `names`.
    of_row: Vec<u32>,
}

/// The class of each row, `[N]`, and what the classes are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Positions in [`Labels::class_names`], `[N]`.
    pub labels: Vec<u32>,
    /// In the order of numbers if all are numbers, otherwise in that of text.
    pub class_names: Vec<String>,
}

impl LabelColumn {
    /// Reads whole numbers or text from `.npy`, `.safetensors`, `.parquet`, `.csv`, `.tsv`, or the lines of `.txt`.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown ending, a row without a value.
    pub fn read(location: &FilePart) -> Result<Self, DataError> {
        let mut known = HashMap::<String, u32>::new();
        let (mut names, mut of_row) = (Vec::<String>::new(), Vec::new());
        let mut add = |row: usize, name: &str| -> Result<(), DataError> {
            if let Some(&label) = known.get(name) {
                of_row.push(label);
                return Ok(());
            }
            let label = u32::try_from(names.len()).map_err(|_| {
                VectorsError::row(&location.file, row, "more classes than can be counted")
            })?;
            known.insert(name.to_owned(), label);
            names.push(name.to_owned());
            of_row.push(label);
            Ok(())
        };
        each_value(location, &LABEL_COLUMNS, &mut |row, value| match value {
            Value::Whole(number) => add(row, &number.to_string()),
            Value::Text(text) => add(row, text),
        })?;
        Ok(Self { names, of_row })
    }

    /// One class without a name.
    pub(crate) fn unnamed(rows: usize) -> Self {
        Self {
            names: vec![String::new()],
            of_row: vec![0; rows],
        }
    }

    /// Rows (N).
    pub fn rows(&self) -> usize {
        self.of_row.len()
    }
}

impl Labels {
    /// One set of classes for the rows of several files, in the order of the files.
    pub fn join(columns: &[LabelColumn]) -> Self {
        let mut class_names: Vec<String> = columns
            .iter()
            .flat_map(|column| column.names.iter().cloned())
            .collect();
        sort(&mut class_names);
        class_names.dedup();
        let label_of: HashMap<&str, u32> = (0..)
            .zip(&class_names)
            .map(|(label, name)| (name.as_str(), label))
            .collect();
        let mut labels = Vec::with_capacity(columns.iter().map(LabelColumn::rows).sum());
        for column in columns {
            let renamed: Vec<u32> = column
                .names
                .iter()
                .map(|name| label_of.get(name.as_str()).copied().unwrap_or(0))
                .collect();
            labels.extend(column.of_row.iter().map(|&label| renamed[label as usize]));
        }
        Self {
            labels,
            class_names,
        }
    }
}

/// By number where all are whole numbers as they are written, otherwise as text.
fn sort(names: &mut [String]) {
    let number = |name: &String| {
        let number = name.parse::<i128>().ok();
        number.filter(|number| number.to_string() == *name)
    };
    if names.iter().all(|name| number(name).is_some()) {
        names.sort_by(|a, b| number(a).partial_cmp(&number(b)).unwrap_or(Ordering::Equal));
    } else {
        names.sort();
    }
}

/// The labels of one file.
///
/// # Errors
/// Those of [`LabelColumn::read`].
pub fn read_labels(location: &FilePart) -> Result<Labels, DataError> {
    Ok(Labels::join(&[LabelColumn::read(location)?]))
}

/// The id of each row: text, or whole numbers as their digits, from the same kinds of files as labels.
///
/// # Errors
/// Those of [`LabelColumn::read`].
pub fn read_ids(location: &FilePart) -> Result<Vec<String>, DataError> {
    let mut ids = Vec::new();
    each_value(location, &ID_COLUMNS, &mut |_, value| {
        ids.push(match value {
            Value::Whole(number) => number.to_string(),
            Value::Text(text) => text.to_owned(),
        });
        Ok(())
    })?;
    Ok(ids)
}
