//! Street View House Numbers (Netzer et al. 2011), cropped digits.

use std::sync::Arc;

use crate::registry::Opening;
use crate::{
    Checksum, DataError, Dataset, DatasetEntry, ImageShape, MemoryDataset, Normalise, Photographs,
    RemoteFile, Size, Split, Storage, Tree, TreeSet, locate_tree, read_svhn,
};

const SHAPE: ImageShape = ImageShape::new(3, 32, 32);

const CLASS_NAMES: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "svhn",
    about: "Digits of house numbers, in colour",
    classes: CLASS_NAMES.len(),
    shape: Some(SHAPE),
    splits: &[(Split::Train, 73_257), (Split::Test, 26_032)],
    ood_partner: None,
    storage: Storage::Trees(TREES),
    open,
};

const TREES: TreeSet = TreeSet {
    trees: &[Tree {
        format: "MATLAB files",
        layouts: &["svhn", "SVHN", ""],
        marks: &[
            (Split::Train, &["train_32x32.mat"]),
            (Split::Test, &["test_32x32.mat"]),
        ],
    }],
    homepage: "http://ufldl.stanford.edu/housenumbers/",
    photographs: Photographs::None,
    remote: &[
        RemoteFile {
            name: "train_32x32.mat",
            addresses: &["http://ufldl.stanford.edu/housenumbers/train_32x32.mat"],
            size: Size::Exactly(182_040_794),
            checksum: Checksum::Sha256(
                "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
            ),
            unpack: None,
        },
        RemoteFile {
            name: "test_32x32.mat",
            addresses: &["http://ufldl.stanford.edu/housenumbers/test_32x32.mat"],
            size: Size::Exactly(64_275_384),
            checksum: Checksum::Sha256(
                "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
            ),
            unpack: None,
        },
    ],
};

fn open(
    entry: &DatasetEntry,
    &Opening { search, split, .. }: &Opening,
) -> Result<Arc<dyn Dataset>, DataError> {
    let folder = locate_tree(entry, &TREES, split, search)?.folder;
    let file = folder.join(format!("{split}_32x32.mat"));
    let images = read_svhn(&file)?;
    let dataset = MemoryDataset::new(
        entry.name,
        SHAPE,
        CLASS_NAMES,
        images.labels,
        images.pixels,
        &file,
    )?;
    Ok(Arc::new(dataset.normalised(Normalise::imagenet())))
}
