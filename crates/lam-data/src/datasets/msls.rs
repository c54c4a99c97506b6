//! Mapillary Street-Level Sequences (Warburg et al. 2020).

use super::photographs;
use crate::{
    DatasetEntry, MSLS_TEST, MSLS_TRAIN, MSLS_VALIDATION, Photographs, Split, Storage, Tree,
    TreeSet, list_msls,
};

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "msls",
    about: "Street views of thirty cities, each with its place",
    classes: 0,
    shape: None,
    splits: &[(Split::Train, 0), (Split::Validation, 0), (Split::Test, 0)],
    ood_partner: None,
    storage: Storage::Trees(TreeSet {
        trees: &[Tree {
            format: "folders of cities",
            layouts: &["MSLS", "msls", ""],
            marks: &[
                (Split::Train, &["train_val"]),
                (Split::Validation, &["train_val/cph|train_val/sf"]),
                (Split::Test, &["test"]),
            ],
        }],
        homepage: "https://www.mapillary.com/dataset/places (needs an account)",
        photographs: Photographs::Places(|folder, split| {
            let cities = match split {
                Split::Train => MSLS_TRAIN,
                Split::Validation => MSLS_VALIDATION,
                Split::Test => MSLS_TEST,
            };
            list_msls(folder, cities)
        }),
        remote: &[],
    }),
    open: photographs::open_dataset,
};
