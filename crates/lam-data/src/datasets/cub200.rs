//! CUB-200-2011 (Wah et al. 2011).

use super::photographs;
use crate::{
    Checksum, DatasetEntry, Photographs, RemoteFile, Size, Split, Storage, Tree, TreeSet, Unpack,
    list_cub200,
};

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "cub200",
    about: "Photographs of birds; half of the species to train on, half to test on",
    classes: 200,
    shape: None,
    splits: &[(Split::Train, 5_864), (Split::Test, 5_924)],
    ood_partner: Some("cars196"),
    storage: Storage::Trees(TreeSet {
        trees: &[Tree {
            format: "lists and images",
            layouts: &["cub200/CUB_200_2011", "CUB_200_2011", "cub200", ""],
            marks: &[(Split::Train, MARKS), (Split::Test, MARKS)],
        }],
        homepage: "https://www.vision.caltech.edu/datasets/cub_200_2011/",
        photographs: Photographs::Labelled(list_cub200),
        remote: &[RemoteFile {
            name: "CUB_200_2011.tgz",
            addresses: &["https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz"],
            size: Size::Exactly(1_150_585_339),
            checksum: Checksum::Sha256(
                "0c685df5597a8b24909f6a7c9db6d11e008733779a671760afef78feb49bf081",
            ),
            unpack: Some(Unpack {
                folder: "CUB_200_2011",
                most_bytes: 3_000_000_000,
            }),
        }],
    }),
    open: photographs::open_dataset,
};

const MARKS: &[&str] = &["images.txt", "image_class_labels.txt", "images"];
