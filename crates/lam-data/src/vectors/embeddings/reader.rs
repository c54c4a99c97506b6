use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::element::Element;
use super::super::file_part::FilePart;
use super::super::labels::{ID_COLUMNS, LABEL_COLUMNS};
use super::super::npy::{Content, NpyArray};
use super::super::parquet_file::{ParquetFile, is_float_list, is_float_scalar};
use super::super::raw_array::RawArray;
use super::super::vectors::{Vectors, check_range, open_vectors};
use super::super::{LabelColumn, Labels, VectorsError, column, read_ids, safetensors};
use super::format::EmbeddingFormat;
use super::header::EmbeddingHeader;
use super::rows::EmbeddingBatch;
use super::whole_file::with_stem;
use super::{npy, parquet, safetensors as written};
use crate::DataError;

/// Embeddings in a file, read when they are asked for; ids, labels and uncertainties are in memory. A file of plain vectors
/// is one too, without a spread; its ids are the numbers of its rows unless it has some.
pub struct Embeddings {
    /// The file.
    pub file: PathBuf,
    /// Embeddings, `[N, D]`.
    pub mean: Arc<dyn Vectors>,
    /// Standard deviation in each dimension, `[N, D]`.
    pub sigma: Option<Arc<dyn Vectors>>,
    /// `[N]`.
    pub uncertainty: Option<Vec<f64>>,
    /// `[N]`.
    pub ids: Vec<String>,
    /// `[N]`.
    pub labels: Option<Labels>,
    /// What computed them, where the file says so.
    pub model: Option<String>,
}

impl Embeddings {
    /// Embeddings (N).
    pub fn rows(&self) -> usize {
        self.mean.rows()
    }

    /// Numbers in each (D).
    pub fn dim(&self) -> usize {
        self.mean.dim()
    }

    /// Some rows.
    ///
    /// # Errors
    /// As [`Vectors::read`].
    pub fn read(&self, rows: Range<usize>) -> Result<EmbeddingBatch, DataError> {
        let count = rows.len().min(self.rows()).saturating_mul(self.dim());
        let mut mean = vec![0.0; count];
        check_range(&*self.mean, &rows, &mean)?;
        self.mean.read(rows.clone(), &mut mean)?;
        let sigma = match &self.sigma {
            None => None,
            Some(vectors) => {
                let mut sigma = vec![0.0; count];
                vectors.read(rows.clone(), &mut sigma)?;
                Some(sigma)
            }
        };
        let labels = self.labels.as_ref().map(|labels| &labels.labels);
        Ok(EmbeddingBatch {
            ids: self.ids[rows.clone()].to_vec(),
            labels: labels.map(|labels| labels[rows.clone()].to_vec()),
            mean,
            sigma,
            uncertainty: self.uncertainty.as_ref().map(|u| u[rows].to_vec()),
        })
    }
}

/// Parts of a file of embeddings, before they are held against each other.
struct Parts {
    mean: Arc<dyn Vectors>,
    sigma: Option<Arc<dyn Vectors>>,
    uncertainty: Option<Vec<f64>>,
    ids: Option<Vec<String>>,
    labels: Option<Labels>,
    header: Option<EmbeddingHeader>,
}

/// Opens what [`EmbeddingWriter`](super::EmbeddingWriter) wrote, or any file of vectors.
///
/// # Errors
/// [`VectorsError`]; [`DataError::Io`].
pub fn read_embeddings(path: &Path) -> Result<Embeddings, DataError> {
    let parts = match EmbeddingFormat::of(path)? {
        EmbeddingFormat::Parquet => of_parquet(path)?,
        EmbeddingFormat::Npy => of_npy(path)?,
        EmbeddingFormat::Safetensors => of_safetensors(path)?,
    };
    let rows = parts.mean.rows();
    let same = |what: &str, found: Option<usize>| match found {
        Some(found) if found != rows => Err(VectorsError::damaged(
            path,
            format!("{rows} embeddings, but {found} {what}"),
        )),
        _ => Ok(()),
    };
    same("spreads", parts.sigma.as_ref().map(|sigma| sigma.rows()))?;
    same("uncertainties", parts.uncertainty.as_ref().map(Vec::len))?;
    same("ids", parts.ids.as_ref().map(Vec::len))?;
    same("labels", parts.labels.as_ref().map(|l| l.labels.len()))?;
    if let Some(sigma) = &parts.sigma
        && sigma.dim() != parts.mean.dim()
    {
        return Err(VectorsError::Sizes {
            file: sigma.file().into(),
            found: sigma.dim(),
            first: path.into(),
            expected: parts.mean.dim(),
        }
        .into());
    }
    // Names as the writer had them, so that a class without rows keeps its number.
    let names = parts.header.as_ref().and_then(|h| h.class_names.clone());
    let labels = parts.labels.map(|labels| match &names {
        Some(names) => renamed(labels, names),
        None => labels,
    });
    Ok(Embeddings {
        file: path.into(),
        mean: parts.mean,
        sigma: parts.sigma,
        uncertainty: parts.uncertainty,
        ids: parts
            .ids
            .unwrap_or_else(|| (0..rows).map(|row| row.to_string()).collect()),
        labels,
        model: parts.header.and_then(|header| header.model),
    })
}

/// Labels that were read as numbers, with the names that these number.
fn renamed(labels: Labels, names: &[String]) -> Labels {
    let numbers: Option<Vec<u32>> = labels
        .class_names
        .iter()
        .map(|name| {
            name.parse()
                .ok()
                .filter(|&label: &u32| (label as usize) < names.len())
        })
        .collect();
    match numbers {
        Some(numbers) => Labels {
            labels: labels.labels.iter().map(|&l| numbers[l as usize]).collect(),
            class_names: names.to_vec(),
        },
        None => labels,
    }
}

/// A column of labels in the file itself, where there is one.
fn own_labels(path: &Path) -> Result<Option<Labels>, DataError> {
    let own = FilePart::file(path);
    if !column::has_column(&own, &LABEL_COLUMNS)? {
        return Ok(None);
    }
    let column = LabelColumn::read(&own)?;
    Ok(Some(Labels::join(&[column])))
}

fn of_parquet(path: &Path) -> Result<Parts, DataError> {
    let file = ParquetFile::open(path)?;
    let lists = file.columns(is_float_list);
    let has = |name: &str| lists.iter().any(|(_, list)| list == name);
    let open = |name: &str| open_vectors(&FilePart::named(path, name));
    let mean = if has("mean") {
        open("mean")?
    } else {
        open_vectors(&FilePart::file(path))?
    };
    let is_embeddings = has("mean") && has("sigma");
    let sigma = is_embeddings.then(|| open("sigma")).transpose()?;
    let scalars = file.columns(is_float_scalar);
    let uncertainty = scalars.iter().find(|(_, name)| name == "uncertainty");
    let uncertainty = uncertainty.map(|&(at, _)| file.floats(at)).transpose()?;
    let own = FilePart::file(path);
    let ids = column::has_column(&own, &ID_COLUMNS)?.then(|| read_ids(&own));
    Ok(Parts {
        mean,
        sigma,
        uncertainty,
        ids: ids.transpose()?,
        labels: own_labels(path)?,
        header: file
            .note(parquet::NOTE)
            .and_then(|n| EmbeddingHeader::from_json(&n)),
    })
}

fn of_npy(path: &Path) -> Result<Parts, DataError> {
    let beside = |rest: &str| Some(with_stem(path, rest)).filter(|file| file.is_file());
    let sigma = beside(npy::SIGMA).map(|file| open_vectors(&FilePart::file(file)));
    let uncertainty = beside(npy::UNCERTAINTY).map(|file| {
        let array = NpyArray::open(&file)?;
        match (array.shape.as_slice(), array.content) {
            (&[rows], Content::Number(element)) => {
                numbers(RawArray::new(array.file, array.offset, rows, 1, element)?)
            }
            _ => Err(VectorsError::content(&file, "something else", "floats [N]").into()),
        }
    });
    let ids = beside(npy::IDS).map(|file| read_ids(&FilePart::file(file)));
    let labels = beside(npy::LABELS).map(|file| {
        let column = LabelColumn::read(&FilePart::file(file))?;
        Ok::<_, DataError>(Labels::join(&[column]))
    });
    // A note of somebody else's is none of ours.
    let note = beside(npy::NOTES).and_then(|file| fs::read_to_string(file).ok());
    Ok(Parts {
        mean: open_vectors(&FilePart::file(path))?,
        sigma: sigma.transpose()?,
        uncertainty: uncertainty.transpose()?,
        ids: ids.transpose()?,
        labels: labels.transpose()?,
        header: note.and_then(|note| EmbeddingHeader::from_json(&note)),
    })
}

fn of_safetensors(path: &Path) -> Result<Parts, DataError> {
    let contents = safetensors::Contents::open(path)?;
    let notes = contents.notes().and_then(|notes| notes.get(written::NOTE));
    let header = notes.and_then(|note| EmbeddingHeader::from_json(note));
    let open = |name: &str| open_vectors(&FilePart::named(path, name));
    let has = |name: &str, axes: usize| {
        let info = contents.info(name);
        info.is_some_and(|info| info.shape.len() == axes)
    };
    let mean = if has("mean", 2) {
        open("mean")?
    } else {
        open_vectors(&FilePart::file(path))?
    };
    let sigma = (has("mean", 2) && has("sigma", 2)).then(|| open("sigma"));
    let array = |name: &str| safetensors::Contents::open(path)?.into_array(name);
    let uncertainty = has("uncertainty", 1).then(|| numbers(array("uncertainty")?));
    let ids =
        (has("ids", 1) && has("id_ends", 1)).then(|| ids(path, &array("ids")?, &array("id_ends")?));
    Ok(Parts {
        mean,
        sigma: sigma.transpose()?,
        uncertainty: uncertainty.transpose()?,
        ids: ids.transpose()?,
        labels: own_labels(path)?,
        header,
    })
}

/// A column of numbers.
fn numbers(array: RawArray) -> Result<Vec<f64>, DataError> {
    let element: Element = array.element();
    let mut numbers = Vec::new();
    array.each_number(&mut |row, bytes| {
        let number = element.number(bytes);
        numbers.push(number.ok_or_else(|| VectorsError::row(array.file(), row, "no number"))?);
        Ok(())
    })?;
    Ok(numbers)
}

/// Texts that lie one after the other, and where each ends.
fn ids(path: &Path, bytes: &RawArray, ends: &RawArray) -> Result<Vec<String>, DataError> {
    let mut all = Vec::new();
    bytes.each_number(&mut |_, byte| {
        all.extend_from_slice(byte);
        Ok(())
    })?;
    let (mut ids, mut begin) = (Vec::new(), 0);
    let element = ends.element();
    ends.each_number(&mut |row, bytes| {
        let end = element
            .whole(bytes)
            .and_then(|end| usize::try_from(end).ok());
        let text = end.and_then(|end| all.get(begin..end));
        let text = text.and_then(|text| std::str::from_utf8(text).ok());
        let text = text.ok_or_else(|| VectorsError::row(path, row, "its id cannot be read"))?;
        begin += text.len();
        ids.push(text.to_owned());
        Ok(())
    })?;
    Ok(ids)
}
