//! Labelled Faces in the Wild (Huang et al. 2007), funneled, People protocol.

use super::photographs;
use crate::{
    Checksum, DatasetEntry, Photographs, RemoteFile, Size, Split, Storage, Tree, TreeSet, Unpack,
    list_lfw,
};

pub(crate) static ENTRY: DatasetEntry = DatasetEntry {
    name: "lfw",
    about: "Photographs of faces, each person a class",
    classes: 5_749,
    shape: None,
    splits: &[(Split::Train, 9_525), (Split::Test, 3_708)],
    ood_partner: Some("cub200"),
    storage: Storage::Trees(TreeSet {
        trees: &[Tree {
            format: "lists and images",
            layouts: &["lfw/lfw-py", "lfw-py", "lfw", ""],
            marks: &[
                (Split::Train, &["peopleDevTrain.txt", "lfw_funneled"]),
                (Split::Test, &["peopleDevTest.txt", "lfw_funneled"]),
            ],
        }],
        homepage: "http://vis-www.cs.umass.edu/lfw/",
        photographs: Photographs::Labelled(list_lfw),
        remote: &[
            list(
                "peopleDevTrain.txt",
                &["http://vis-www.cs.umass.edu/lfw/peopleDevTrain.txt"],
                "54eaac34beb6d042ed3a7d883e247a21",
            ),
            list(
                "peopleDevTest.txt",
                &["http://vis-www.cs.umass.edu/lfw/peopleDevTest.txt"],
                "e4bf5be0a43b5dcd9dc5ccfcb8fb19c5",
            ),
            RemoteFile {
                name: "lfw-funneled.tgz",
                addresses: &[
                    "http://vis-www.cs.umass.edu/lfw/lfw-funneled.tgz",
                    "https://ndownloader.figshare.com/files/5976015",
                ],
                size: Size::Exactly(243_346_528),
                checksum: Checksum::Sha256(
                    "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
                ),
                unpack: Some(Unpack {
                    folder: "lfw_funneled",
                    most_bytes: 1_000_000_000,
                }),
            },
        ],
    }),
    open: photographs::open_dataset,
};

/// A list of people. Only its MD5 is published, not its length.
const fn list(
    name: &'static str,
    addresses: &'static [&'static str],
    md5: &'static str,
) -> RemoteFile {
    RemoteFile {
        name,
        addresses,
        size: Size::AtMost(1_000_000),
        checksum: Checksum::Md5(md5),
        unpack: None,
    }
}
