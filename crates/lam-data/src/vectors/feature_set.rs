use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::column::has_column;
use super::labels::{ID_COLUMNS, LABEL_COLUMNS};
use super::spilled::Spilled;
use super::{FilePart, LabelColumn, Labels, Vectors, VectorsError, open_vectors, read_ids};
use crate::{DataError, Dataset, ImageShape};

/// One file of a [`FeatureSet`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureShard {
    /// The vectors.
    pub features: FilePart,
    /// Their classes; without, a column `label` of the same file.
    pub labels: Option<FilePart>,
}

impl FeatureShard {
    /// Features with labels in another file, or in their own.
    pub fn new(features: FilePart, labels: Option<FilePart>) -> Self {
        Self { features, labels }
    }
}

/// Vectors from files as a data set of features `[F, 1, 1]`, read when they are asked for. The values are not within
/// \[0, 1\].
pub struct FeatureSet {
    name: String,
    shards: Vec<Shard>,
    labels: Labels,
    dim: usize,
}

struct Shard {
    vectors: Arc<dyn Vectors>,
    /// Number of its first row in the set.
    first: usize,
    ids: Option<Vec<String>>,
}

impl FeatureSet {
    /// Opens files one after the other. Vectors in Parquet are copied to a temporary file first, since rows are then read
    /// in any order.
    ///
    /// # Errors
    /// Files that cannot be read, other numbers of labels than of vectors, vectors of several sizes, no files at all.
    pub fn open(name: &str, shards: &[FeatureShard]) -> Result<Self, DataError> {
        Self::open_with(name, shards, labels_of)
    }

    /// As [`FeatureSet::open`]; vectors without labels are of one class without a name.
    ///
    /// # Errors
    /// As [`FeatureSet::open`].
    pub fn open_unlabelled(name: &str, features: &[FilePart]) -> Result<Self, DataError> {
        let shards = features.iter().cloned();
        let shards: Vec<_> = shards.map(|part| FeatureShard::new(part, None)).collect();
        Self::open_with(name, &shards, |shard, rows| {
            let own = FilePart::file(&shard.features.file);
            if has_column(&own, &LABEL_COLUMNS)? {
                LabelColumn::read(&own)
            } else {
                Ok(LabelColumn::unnamed(rows))
            }
        })
    }

    fn open_with(
        name: &str,
        shards: &[FeatureShard],
        labels_of: impl Fn(&FeatureShard, usize) -> Result<LabelColumn, DataError>,
    ) -> Result<Self, DataError> {
        let (mut opened, mut columns) = (Vec::<Shard>::new(), Vec::new());
        let mut rows = 0;
        for shard in shards {
            let vectors = open_vectors(&shard.features)?;
            if let Some(first) = opened.first()
                && first.vectors.dim() != vectors.dim()
            {
                return Err(VectorsError::Sizes {
                    file: vectors.file().into(),
                    found: vectors.dim(),
                    first: first.vectors.file().into(),
                    expected: first.vectors.dim(),
                }
                .into());
            }
            let column = labels_of(shard, vectors.rows())?;
            let labelled = shard.labels.as_ref().unwrap_or(&shard.features);
            if column.rows() != vectors.rows() {
                return Err(VectorsError::RowCounts {
                    file: labelled.file.clone(),
                    rows: column.rows(),
                    other: vectors.file().into(),
                    others: vectors.rows(),
                }
                .into());
            }
            columns.push(column);
            let own = FilePart::file(&shard.features.file);
            let ids = has_column(&own, &ID_COLUMNS)?.then(|| read_ids(&own));
            let ids = ids.transpose()?.filter(|ids| ids.len() == vectors.rows());
            let vectors: Arc<dyn Vectors> = if vectors.is_random_access() {
                vectors
            } else {
                Arc::new(Spilled::copy(&*vectors)?)
            };
            let first = rows;
            rows += vectors.rows();
            opened.push(Shard {
                vectors,
                first,
                ids,
            });
        }
        let dim = opened.first().map(|shard| shard.vectors.dim());
        Ok(Self {
            name: name.to_owned(),
            labels: Labels::join(&columns),
            dim: dim.ok_or(DataError::InvalidArgument {
                argument: "features",
                value: "no file".to_owned(),
                expected: "at least one",
            })?,
            shards: opened,
        })
    }

    /// The paths of the files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.shards.iter().map(|shard| shard.vectors.file())
    }

    /// Refuses what nothing can be learnt from: rows that are all the same, one class only, or no two rows of a class.
    ///
    /// # Errors
    /// [`VectorsError::WrongContent`]; what reading rows can run into.
    pub fn check_variety(&self) -> Result<(), DataError> {
        let file = self.paths().next().unwrap_or(Path::new(""));
        let wrong = |found: &str, expected: &str| VectorsError::content(file, found, expected);
        let labels = self.labels();
        if self.labels.class_names.len() < 2 {
            let found = format!("rows of one class only, {:?}", self.labels.class_names);
            return Err(wrong(
                &found,
                "at least two classes, or there is nothing to tell apart",
            )
            .into());
        }
        if self.labels.class_names.len() == labels.len() {
            let expected =
                "some classes with two rows or more, or there is nothing to find; are these ids?";
            return Err(wrong("a class of its own for every row", expected).into());
        }
        let (mut first, mut row) = (vec![0.0; self.dim], vec![0.0; self.dim]);
        self.read(0, &mut first)?;
        // The second row ends this, unless it is the same.
        for index in 1..labels.len() {
            self.read(index, &mut row)?;
            if row != first {
                return Ok(());
            }
        }
        Err(wrong("the same vector in every row", "vectors that differ").into())
    }

    /// The file of a row, and its number there.
    fn find(&self, index: usize) -> Option<(&Shard, usize)> {
        let after = self.shards.partition_point(|shard| shard.first <= index);
        let shard = self.shards.get(after.checked_sub(1)?)?;
        let row = index - shard.first;
        (row < shard.vectors.rows()).then_some((shard, row))
    }
}

fn labels_of(shard: &FeatureShard, _: usize) -> Result<LabelColumn, DataError> {
    let own = FilePart::file(&shard.features.file);
    match &shard.labels {
        Some(labels) => LabelColumn::read(labels),
        None if has_column(&own, &LABEL_COLUMNS)? => LabelColumn::read(&own),
        None => Err(VectorsError::content(
            &shard.features.file,
            "no labels",
            "a column or tensor 'label' in it, or a file of labels beside it (.npy, .csv, one a line in .txt)",
        )
        .into()),
    }
}

impl Dataset for FeatureSet {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> ImageShape {
        ImageShape::new(self.dim, 1, 1)
    }

    fn class_names(&self) -> &[String] {
        &self.labels.class_names
    }

    fn labels(&self) -> &[u32] {
        &self.labels.labels
    }

    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError> {
        let (shard, row) = self.find(index).ok_or_else(|| DataError::IndexOutOfRange {
            dataset: self.name.clone(),
            index,
            len: self.len(),
        })?;
        shard.vectors.read(row..row + 1, out)
    }

    fn files(&self) -> Option<Vec<Range<usize>>> {
        let range = |shard: &Shard| shard.first..shard.first + shard.vectors.rows();
        Some(self.shards.iter().map(range).collect())
    }

    fn source(&self, index: usize) -> String {
        let Some((shard, row)) = self.find(index) else {
            return String::new();
        };
        match shard.ids.as_ref().and_then(|ids| ids.get(row)) {
            Some(id) => id.clone(),
            None => format!("{}, row {row}", shard.vectors.file().display()),
        }
    }
}
