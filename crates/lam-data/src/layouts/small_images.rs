//! Data sets of 32×32 colour pictures that fit into memory.

use std::path::Path;

use crate::formats::{read_cifar_batch, read_cifar_pickle, read_mat5};
use crate::{DataError, LayoutError, Split};

/// Pictures of 3×32×32 with their labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SmallImages {
    /// `[N]`.
    pub labels: Vec<u32>,
    /// `[N, 3, 32, 32]`.
    pub pixels: Vec<u8>,
}

const SIDE: usize = 32;

/// Reads a file of SVHN, `train_32x32.mat` or `test_32x32.mat`: `X` of `[32, 32, 3, N]`, `y` of N digits, of which 10 is
/// a nought.
///
/// # Errors
/// Those of [`read_mat5`](crate::read_mat5); [`LayoutError::WrongFormat`] for arrays of other shapes and for labels that
/// are no digits.
pub fn read_svhn(file: &Path) -> Result<SmallImages, DataError> {
    let [x, y] = read_mat5(file, ["X", "y"])?;
    let wrong = |reason: String| LayoutError::WrongFormat {
        file: file.into(),
        format: "a file of SVHN",
        reason,
    };
    // MATLAB drops a last dimension of 1.
    let images = match x.dims[..] {
        [SIDE, SIDE, 3] => 1,
        [SIDE, SIDE, 3, images] => images,
        _ => {
            let reason = format!("X is of shape {:?}, expected [32, 32, 3, N]", x.dims);
            return Err(wrong(reason).into());
        }
    };
    if y.values.len() != images {
        let reason = format!("{images} images in X, but {} labels in y", y.values.len());
        return Err(wrong(reason).into());
    }
    let digit = |&label: &u8| match label {
        10 => Some(0),
        0..10 => Some(u32::from(label)),
        _ => None,
    };
    let labels: Option<Vec<u32>> = y.values.iter().map(digit).collect();
    let labels = labels.ok_or_else(|| wrong("a label in y is above 10".to_owned()))?;
    // Of every plane the first index, the row, runs fastest; here the column has to.
    let mut pixels = x.values;
    for plane in pixels.chunks_exact_mut(SIDE * SIDE) {
        for row in 1..SIDE {
            for column in 0..row {
                plane.swap(row * SIDE + column, column * SIDE + row);
            }
        }
    }
    Ok(SmallImages { labels, pixels })
}

/// Reads a split of CIFAR-10 from the folder of its binary batches (`data_batch_1.bin`, …, `test_batch.bin`) or of its
/// python batches (`data_batch_1`, …, `test_batch`).
///
/// # Errors
/// Those of [`read_cifar_batch`](crate::read_cifar_batch) and [`read_cifar_pickle`](crate::read_cifar_pickle); a label
/// above 9 is [`LayoutError::WrongFormat`].
pub fn read_cifar10(folder: &Path, split: Split) -> Result<SmallImages, DataError> {
    let binary =
        folder.join("data_batch_1.bin").is_file() || folder.join("test_batch.bin").is_file();
    let ending = if binary { ".bin" } else { "" };
    let names: Vec<String> = split.of_two(
        "cifar10",
        (1..=5).map(|n| format!("data_batch_{n}{ending}")).collect(),
        vec![format!("test_batch{ending}")],
    )?;
    let mut all = SmallImages::default();
    for name in names {
        let file = folder.join(name);
        let batch = match binary {
            true => read_cifar_batch(&file)?,
            false => read_cifar_pickle(&file)?,
        };
        let (labels, pixels) = batch.into_parts();
        if let Some((number, label)) = labels.iter().enumerate().find(|(_, label)| **label > 9) {
            return Err(LayoutError::WrongFormat {
                file,
                format: "a batch of CIFAR-10",
                reason: format!("label {number} is {label}, expected 0 to 9"),
            }
            .into());
        }
        all.labels.extend(labels.into_iter().map(u32::from));
        all.pixels.extend(pixels);
    }
    Ok(all)
}
