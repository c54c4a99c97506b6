//! MNIST (LeCun, Cortes and Burges).

use super::idx_files;
use crate::{DatasetEntry, FileSet, FileSpec, Split, Storage};

pub(crate) const CLASS_NAMES: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "mnist",
    about: "Handwritten digits",
    classes: 10,
    shape: Some(idx_files::SHAPE),
    splits: &[(Split::Train, 60_000), (Split::Test, 10_000)],
    ood_partner: Some("fashionmnist"),
    storage: Storage::Files(FILES),
    open: |entry, opening| idx_files::open(entry, CLASS_NAMES, &FILES, opening),
};

const FILES: FileSet = FileSet {
    files: &[
        FileSpec {
            name: "train-images-idx3-ubyte.gz",
            other_names: idx_files::TRAIN_IMAGES_ALSO,
            split: Split::Train,
            bytes: 9_912_422,
            sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            first_labels: None,
        },
        FileSpec {
            name: "train-labels-idx1-ubyte.gz",
            other_names: idx_files::TRAIN_LABELS_ALSO,
            split: Split::Train,
            bytes: 28_881,
            sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            first_labels: Some([5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7]),
        },
        FileSpec {
            name: "t10k-images-idx3-ubyte.gz",
            other_names: idx_files::TEST_IMAGES_ALSO,
            split: Split::Test,
            bytes: 1_648_877,
            sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            first_labels: None,
        },
        FileSpec {
            name: "t10k-labels-idx1-ubyte.gz",
            other_names: idx_files::TEST_LABELS_ALSO,
            split: Split::Test,
            bytes: 4_542,
            sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            first_labels: Some([7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6, 9, 0, 1, 5]),
        },
    ],
    layouts: &["mnist", "MNIST/raw", "MNIST", ""],
    package: None,
    mirrors: &[
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
};
