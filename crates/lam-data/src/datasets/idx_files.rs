//! What the data sets in MNIST's file format have in common.

use std::sync::Arc;

use crate::registry::Opening;
use crate::{DataError, Dataset, DatasetEntry, FileSet, ImageShape, Source, locate, read_idx_pair};

/// Shape of MNIST's images and of those made to replace it.
pub(crate) const SHAPE: ImageShape = ImageShape::new(1, 28, 28);

/// Opens one split from the image file and the label file that `files` lists for it, in this order.
pub(crate) fn open(
    entry: &DatasetEntry,
    class_names: &[&str],
    files: &FileSet,
    &Opening { search, split, .. }: &Opening,
) -> Result<Arc<dyn Dataset>, DataError> {
    let located = locate(entry, files, split, search)?;
    let mut sources = located.files.into_iter().map(Source::File);
    match (sources.next(), sources.next()) {
        (Some(images), Some(labels)) => open_pair(entry, class_names, &images, &labels),
        _ => Err(DataError::NoSuchSplit {
            dataset: entry.name,
            split,
        }),
    }
}

/// Opens one split from an image file and a label file.
pub(crate) fn open_pair(
    entry: &DatasetEntry,
    class_names: &[&str],
    images: &Source,
    labels: &Source,
) -> Result<Arc<dyn Dataset>, DataError> {
    let dataset = read_idx_pair(entry.name, images, labels, class_names, SHAPE)?;
    Ok(Arc::new(dataset))
}

/// A file compiled into the program, from the `data` folder of the repository.
macro_rules! embedded {
    ($path:literal) => {
        $crate::Source::Embedded(
            concat!("(built in) ", $path),
            include_bytes!(concat!("../../../../data/", $path)),
        )
    };
}
pub(crate) use embedded;

/// Other names that the four files go by: unpacked, and with a dot as some sites publish them.
pub(crate) const TRAIN_IMAGES_ALSO: &[&str] = &[
    "train-images-idx3-ubyte",
    "train-images.idx3-ubyte",
    "train-images.idx3-ubyte.gz",
];
pub(crate) const TRAIN_LABELS_ALSO: &[&str] = &[
    "train-labels-idx1-ubyte",
    "train-labels.idx1-ubyte",
    "train-labels.idx1-ubyte.gz",
];
pub(crate) const TEST_IMAGES_ALSO: &[&str] = &[
    "t10k-images-idx3-ubyte",
    "t10k-images.idx3-ubyte",
    "t10k-images.idx3-ubyte.gz",
];
pub(crate) const TEST_LABELS_ALSO: &[&str] = &[
    "t10k-labels-idx1-ubyte",
    "t10k-labels.idx1-ubyte",
    "t10k-labels.idx1-ubyte.gz",
];
