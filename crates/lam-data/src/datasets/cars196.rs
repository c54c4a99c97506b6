//! Cars196 (Krause et al. 2013).

use super::photographs;
use crate::{DatasetEntry, Photographs, Split, Storage, Tree, TreeSet, list_cars196};

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "cars196",
    about: "Photographs of cars; half of the models to train on, half to test on",
    classes: 196,
    shape: None,
    splits: &[(Split::Train, 8_054), (Split::Test, 8_131)],
    ood_partner: None,
    storage: Storage::Trees(TreeSet {
        trees: &[Tree {
            format: "lists and images",
            layouts: &["cars196", "stanford_cars", ""],
            marks: &[(Split::Train, MARKS), (Split::Test, MARKS)],
        }],
        homepage: "https://ai.stanford.edu/~jkrause/cars/car_dataset.html (its downloads are gone; a copy of \
                   the pictures and of the two lists is needed)",
        photographs: Photographs::Labelled(list_cars196),
        remote: &[],
    }),
    open: photographs::open_dataset,
};

const MARKS: &[&str] = &["anno_train.csv", "anno_test.csv", "cars_train", "cars_test"];
