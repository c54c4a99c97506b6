//! CIFAR-10 (Krizhevsky 2009).

use std::path::Path;
use std::sync::Arc;

use crate::locate::matching;
use crate::registry::Opening;
use crate::{
    Checksum, DataError, Dataset, DatasetEntry, ImageShape, MemoryDataset, Normalise, Photographs,
    RemoteFile, Size, SmallImages, Split, Storage, Tree, TreeSet, Unpack, locate_tree,
    read_cifar10, read_parquet_images,
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
    ood_partner: Some("svhn"),
    storage: Storage::Trees(TREES),
    open,
};

const TREES: TreeSet = TreeSet {
    trees: &[
        Tree {
            format: BINARY,
            layouts: &[
                "cifar10/cifar-10-batches-bin",
                "cifar-10-batches-bin",
                "cifar10",
                "",
            ],
            marks: &[
                (
                    Split::Train,
                    &[
                        "data_batch_1.bin",
                        "data_batch_2.bin",
                        "data_batch_3.bin",
                        "data_batch_4.bin",
                        "data_batch_5.bin",
                    ],
                ),
                (Split::Test, &["test_batch.bin"]),
            ],
        },
        Tree {
            format: PYTHON,
            layouts: &[
                "cifar10/cifar-10-batches-py",
                "cifar-10-batches-py",
                "cifar10",
                "",
            ],
            marks: &[
                (
                    Split::Train,
                    &[
                        "data_batch_1",
                        "data_batch_2",
                        "data_batch_3",
                        "data_batch_4",
                        "data_batch_5",
                    ],
                ),
                (Split::Test, &["test_batch"]),
            ],
        },
        Tree {
            format: PARQUET,
            layouts: &["cifar10", "cifar10/plain_text", "cifar10/data", ""],
            marks: &[
                (Split::Train, &["train-*.parquet"]),
                (Split::Test, &["test-*.parquet"]),
            ],
        },
    ],
    homepage: "https://www.cs.toronto.edu/~kriz/cifar.html or https://huggingface.co/datasets/uoft-cs/cifar10",
    photographs: Photographs::None,
    remote: &[RemoteFile {
        name: "cifar-10-binary.tar.gz",
        addresses: &["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"],
        size: Size::Exactly(170_052_171),
        checksum: Checksum::Sha256(
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
        unpack: Some(Unpack {
            folder: "cifar-10-batches-bin",
            most_bytes: 200_000_000,
        }),
    }],
};

const BINARY: &str = "binary batches";
const PYTHON: &str = "python batches";
const PARQUET: &str = "Parquet";

fn open(
    entry: &DatasetEntry,
    &Opening { search, split, .. }: &Opening,
) -> Result<Arc<dyn Dataset>, DataError> {
    let located = locate_tree(entry, &TREES, split, search)?;
    let folder = &located.folder;
    let images = match located.tree.format {
        PARQUET => read_parquet(folder, split)?,
        _ => read_cifar10(folder, split)?,
    };
    let dataset = MemoryDataset::new(
        entry.name,
        SHAPE,
        CLASS_NAMES,
        images.labels,
        images.pixels,
        folder,
    )?;
    Ok(Arc::new(dataset.normalised(Normalise::imagenet())))
}

fn read_parquet(folder: &Path, split: Split) -> Result<SmallImages, DataError> {
    let mut all = SmallImages::default();
    for file in matching(folder, &format!("{split}-*.parquet")) {
        let images = read_parquet_images(&file)?;
        all.pixels.extend(images.decode_all(SHAPE)?);
        all.labels.extend(images.labels);
    }
    Ok(all)
}
