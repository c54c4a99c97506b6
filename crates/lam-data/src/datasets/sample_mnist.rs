//! 1,000 digits of MNIST, compiled into the program (see `data/README.md`).

use super::idx_files::{self, embedded};
use super::mnist;
use crate::{DatasetEntry, Split, Storage};

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "sample_mnist",
    about: "1,000 digits of MNIST, built in",
    classes: 10,
    shape: Some(idx_files::SHAPE),
    splits: &[(Split::Test, 1_000)],
    ood_partner: None,
    storage: Storage::Embedded,
    open: |entry, _| {
        idx_files::open_pair(
            entry,
            mnist::CLASS_NAMES,
            &embedded!("sample_mnist/t10k-images-idx3-ubyte.gz"),
            &embedded!("sample_mnist/t10k-labels-idx1-ubyte.gz"),
        )
    },
};
