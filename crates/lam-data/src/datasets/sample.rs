//! A tenth of FashionMNIST, compiled into the program (see `data/README.md`).

use super::fashionmnist;
use super::idx_files::{self, embedded};
use crate::{DatasetEntry, Split, Storage};

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "sample",
    about: "A tenth of FashionMNIST, built in",
    classes: 10,
    shape: Some(idx_files::SHAPE),
    splits: &[(Split::Train, 6_000), (Split::Test, 1_000)],
    ood_partner: Some("sample_mnist"),
    storage: Storage::Embedded,
    open: |entry, opening| {
        let train = (
            embedded!("sample/train-images-idx3-ubyte.gz"),
            embedded!("sample/train-labels-idx1-ubyte.gz"),
        );
        let test = (
            embedded!("sample/t10k-images-idx3-ubyte.gz"),
            embedded!("sample/t10k-labels-idx1-ubyte.gz"),
        );
        let (images, labels) = opening.split.of_two(entry.name, train, test)?;
        idx_files::open_pair(entry, fashionmnist::CLASS_NAMES, &images, &labels)
    },
};
