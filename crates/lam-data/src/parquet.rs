//! Encoded pictures with labels in Parquet, in the layout of Hugging Face: a struct column `img` or `image` with the
//! file's `bytes`, and an integer column `label`.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use rayon::prelude::*;

use crate::decode::{DecodeLimits, ImageFault, decode};
use crate::{DataError, ImageShape};

/// Values of a column that are read at once.
const CHUNK: usize = 1024;

/// Pictures as they are in a file, with their labels.
#[derive(Debug, Clone)]
pub struct EncodedImages {
    file: PathBuf,
    /// The content of each picture's own file: JPEG, PNG, WebP.
    pub pictures: Vec<ByteArray>,
    /// `[N]`.
    pub labels: Vec<u32>,
}

/// Reads the pictures and labels of a Parquet file.
///
/// # Errors
/// [`DataError::Io`], and [`DataError::WrongParquet`] where the columns are missing, empty in a row, or damaged.
pub fn read_parquet_images(file: &Path) -> Result<EncodedImages, DataError> {
    let wrong = |reason: String| DataError::WrongParquet {
        file: file.into(),
        reason,
    };
    let damaged = |error: ParquetError| wrong(error.to_string());
    let opened = File::open(file).map_err(|error| DataError::io(file, "reading", error))?;
    let reader = SerializedFileReader::new(opened).map_err(damaged)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let column = |names: &[&str]| {
        let paths = schema.columns().iter().map(|column| column.path().string());
        let found = paths.enumerate().find(|(_, path)| names.contains(&&**path));
        found
            .map(|(index, _)| index)
            .ok_or_else(|| wrong(format!("no column {}", names.join(" or "))))
    };
    let pictures_at = column(&["img.bytes", "image.bytes"])?;
    let labels_at = column(&["label", "labels"])?;
    let (mut pictures, mut labels) = (Vec::new(), Vec::new());
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(damaged)?;
        match group.get_column_reader(pictures_at).map_err(damaged)? {
            ColumnReader::ByteArrayColumnReader(column) => append(column, &mut pictures),
            _ => return Err(wrong("the pictures are not bytes".to_owned())),
        }
        .map_err(damaged)?;
        append_labels(&*group, labels_at, &mut labels).map_err(damaged)?;
    }
    if pictures.len() != labels.len() {
        return Err(wrong(format!(
            "{} pictures but {} labels: rows without a value are not taken",
            pictures.len(),
            labels.len()
        )));
    }
    let labels = labels.into_iter().enumerate().map(|(row, label)| {
        u32::try_from(label).map_err(|_| wrong(format!("row {row} has the label {label}")))
    });
    Ok(EncodedImages {
        file: file.into(),
        pictures,
        labels: labels.collect::<Result<_, _>>()?,
    })
}

/// Reads all values of a column; rows without one are left out.
fn append<T: DataType>(
    mut column: ColumnReaderImpl<T>,
    values: &mut Vec<T::T>,
) -> Result<(), ParquetError> {
    let mut levels = Vec::new();
    loop {
        levels.clear();
        let (records, _, _) = column.read_records(CHUNK, Some(&mut levels), None, values)?;
        if records == 0 {
            return Ok(());
        }
    }
}

fn append_labels(
    group: &dyn RowGroupReader,
    column: usize,
    labels: &mut Vec<i64>,
) -> Result<(), ParquetError> {
    match group.get_column_reader(column)? {
        ColumnReader::Int64ColumnReader(column) => append(column, labels),
        ColumnReader::Int32ColumnReader(column) => {
            let mut values = Vec::new();
            append(column, &mut values)?;
            labels.extend(values.into_iter().map(i64::from));
            Ok(())
        }
        _ => Err(ParquetError::General(
            "the labels are not whole numbers".to_owned(),
        )),
    }
}

impl EncodedImages {
    /// Decodes every picture, `[N, C, H, W]`.
    ///
    /// # Errors
    /// [`DataError::UnreadableImage`] for a picture that cannot be decoded or has another shape.
    pub fn decode_all(&self, shape: ImageShape) -> Result<Vec<u8>, DataError> {
        let mut pixels = vec![0; self.pictures.len() * shape.numel()];
        pixels
            .par_chunks_exact_mut(shape.numel().max(1))
            .zip(&self.pictures)
            .enumerate()
            .try_for_each(|(row, (out, bytes))| {
                decode_one(bytes.data(), shape, out).map_err(|fault| DataError::UnreadableImage {
                    image: format!("{}, row {row}", self.file.display()),
                    fault,
                })
            })?;
        Ok(pixels)
    }
}

/// Decodes a picture of a known shape into `[C, H, W]`.
fn decode_one(bytes: &[u8], shape: ImageShape, out: &mut [u8]) -> Result<(), ImageFault> {
    let picture = decode(bytes, DecodeLimits::default())?;
    let (width, height) = (picture.width(), picture.height());
    if shape != ImageShape::new(3, height, width) || !picture.write_planes(out) {
        return Err(ImageFault::WrongSize {
            width,
            height,
            expected: shape,
        });
    }
    Ok(())
}
