//! Aerial and street views of Danish places, the data set of the paper on uncertain retrieval (arXiv 2302.01332).

use super::photographs;
use crate::{DAG_ENVIRONMENTS, DatasetEntry, Photographs, Split, Storage, Tree, TreeSet, list_dag};

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "dag",
    about: "Street views, looked up among views synthesised from aerial pictures",
    classes: 0,
    shape: None,
    splits: &[(Split::Train, 0), (Split::Test, 0)],
    ood_partner: None,
    storage: Storage::Trees(TreeSet {
        trees: &[Tree {
            format: "folders of environments",
            layouts: &["dag", ""],
            marks: &[
                (Split::Train, &["nordhavn/street_images_perspective"]),
                (Split::Test, &["motorring_3/street_images_perspective"]),
            ],
        }],
        homepage: "https://arxiv.org/abs/2302.01332 (from its authors, on request)",
        photographs: Photographs::Places(|folder, split| {
            // The last environment is kept to test on: the published split names the four, not which is which.
            let (last, others) = DAG_ENVIRONMENTS.split_last().unwrap_or((&"", &[]));
            list_dag(folder, split.of_two("dag", others, &[last])?)
        }),
        remote: &[],
    }),
    open: photographs::open_dataset,
};
