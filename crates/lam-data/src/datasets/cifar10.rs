//! CIFAR-10 (Krizhevsky 2009).

use std::path::Path;
use std::sync::Arc;

use crate::locate::matching;
use crate::registry::Opening;
use crate::{
    DataError, Dataset, DatasetEntry, ImageShape, MemoryDataset, Normalise, Split, Storage, Tree,
    TreeSet, locate_tree, read_parquet_images,
};

/// Shape of CIFAR's images.
const SHAPE: ImageShape = ImageShape::new(3, 32, 32);

const CLASS_NAMES: &[&str] = &[
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "cifar10",
    about: "Small colour pictures of animals and vehicles",
    classes: CLASS_NAMES.len(),
    shape: Some(SHAPE),
    splits: &[(Split::Train, 50_000), (Split::Test, 10_000)],
    ood_partner: None,
    storage: Storage::Trees(TREES),
    open,
};

const TREES: TreeSet = TreeSet {
    trees: &[Tree {
        format: "Parquet",
        layouts: &["cifar10", "cifar10/plain_text", "cifar10/data", ""],
        marks: &[
            (Split::Train, &["train-*.parquet"]),
            (Split::Test, &["test-*.parquet"]),
        ],
    }],
    homepage: "https://www.cs.toronto.edu/~kriz/cifar.html or https://huggingface.co/datasets/uoft-cs/cifar10",
};

fn open(
    entry: &DatasetEntry,
    &Opening { search, split }: &Opening,
) -> Result<Arc<dyn Dataset>, DataError> {
    let located = locate_tree(entry, &TREES, split, search)?;
    let files = matching(&located.folder, &format!("{split}-*.parquet"));
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for file in &files {
        let images = read_parquet_images(file)?;
        pixels.extend(images.decode_all(SHAPE)?);
        labels.extend(images.labels);
    }
    let named_in_errors = files.first().map_or(Path::new(""), |file| file);
    let dataset = MemoryDataset::new(
        entry.name,
        SHAPE,
        CLASS_NAMES,
        labels,
        pixels,
        named_in_errors,
    )?;
    Ok(Arc::new(dataset.normalised(Normalise::imagenet())))
}
