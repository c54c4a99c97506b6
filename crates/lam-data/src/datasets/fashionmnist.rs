//! FashionMNIST (Xiao, Rasul and Vollgraf, arXiv 1708.07747).

use super::idx_files;
use crate::{DatasetEntry, DebianPackage, FileSet, FileSpec, Split, Storage};

pub(crate) const CLASS_NAMES: &[&str] = &[
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "fashionmnist",
    about: "Grey pictures of clothes, shoes and bags",
    classes: 10,
    shape: Some(idx_files::SHAPE),
    splits: &[(Split::Train, 60_000), (Split::Test, 10_000)],
    ood_partner: Some("mnist"),
    storage: Storage::Files(FILES),
    open: |entry, opening| idx_files::open(entry, CLASS_NAMES, &FILES, opening),
};

const FILES: FileSet = FileSet {
    files: &[
        FileSpec {
            name: "train-images-idx3-ubyte.gz",
            other_names: idx_files::TRAIN_IMAGES_ALSO,
            split: Split::Train,
            bytes: 26_421_880,
            sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            first_labels: None,
        },
        FileSpec {
            name: "train-labels-idx1-ubyte.gz",
            other_names: idx_files::TRAIN_LABELS_ALSO,
            split: Split::Train,
            bytes: 29_515,
            sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            first_labels: Some([9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9]),
        },
        FileSpec {
            name: "t10k-images-idx3-ubyte.gz",
            other_names: idx_files::TEST_IMAGES_ALSO,
            split: Split::Test,
            bytes: 4_422_102,
            sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            first_labels: None,
        },
        FileSpec {
            name: "t10k-labels-idx1-ubyte.gz",
            other_names: idx_files::TEST_LABELS_ALSO,
            split: Split::Test,
            bytes: 5_148,
            sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            first_labels: Some([9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 4, 5, 7, 3, 4, 1]),
        },
    ],
    layouts: &[
        "fashionmnist",
        "fashion-mnist",
        "FashionMNIST/raw",
        "FashionMNIST",
        "",
    ],
    package: Some(DebianPackage {
        name: "dataset-fashion-mnist",
        folder: "/usr/share/datasets/fashion-mnist",
    }),
    mirrors: &[
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ],
};
