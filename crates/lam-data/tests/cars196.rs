//! Cars196's lists.

use crate::common::tree;

use lam_data::{Split, list_cars196};
use tree::{Tree, says};

fn cars() -> Tree {
    let tree = Tree::new();
    tree.write(
        "anno_train.csv",
        "00001.jpg,39,116,569,375,14\n00002.jpg,36,116,868,587,98\n00003.jpg,85,109,601,381,99\n",
    );
    tree.write(
        "anno_test.csv",
        "file,x1,y1,x2,y2,class\n00001.jpg,30,52,246,147,14\n00002.jpg,1,2,3,4,99\n00003.jpg,1,2,3,4,196\n",
    );
    tree.pictures((1..=3).map(|n| format!("cars_train/0000{n}.jpg")));
    tree.pictures((1..=3).map(|n| format!("cars_test/0000{n}.jpg")));
    tree
}

#[test]
fn classes_divide_the_images_of_both_lists() {
    let tree = cars();
    let rows = |split| {
        let listing = list_cars196(tree.root(), split).unwrap();
        let row = |image: &lam_data::ListedImage| (tree.relative(&image.path), image.label);
        (
            listing.class_names.clone(),
            listing.images.iter().map(row).collect::<Vec<_>>(),
        )
    };
    let row = |path: &str, label| (path.to_owned(), label);
    let (names, train) = rows(Split::Train);
    assert_eq!(names, ["car 014", "car 098"]);
    assert_eq!(
        train,
        [
            row("cars_train/00001.jpg", 0),
            row("cars_train/00002.jpg", 1),
            row("cars_test/00001.jpg", 0)
        ]
    );
    let (names, test) = rows(Split::Test);
    assert_eq!(names, ["car 099", "car 196"]);
    assert_eq!(
        test,
        [
            row("cars_train/00003.jpg", 0),
            row("cars_test/00002.jpg", 0),
            row("cars_test/00003.jpg", 1)
        ]
    );
    let all: String = (1..=196)
        .map(|n| format!("\"Model {n}, Sedan\"\n"))
        .collect();
    tree.write("names.csv", all);
    assert_eq!(rows(Split::Test).0, ["Model 99, Sedan", "Model 196, Sedan"]);
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let tree = cars();
    let list = || list_cars196(tree.root(), Split::Train);
    for (content, parts) in [
        (
            "00001.jpg,1\n00002.jpg,197\n",
            ["anno_train.csv, line 2", "a class from 1 to 196 last"],
        ),
        (
            "00001.jpg,1\n00002.jpg,x\n",
            ["anno_train.csv, line 2", "a class from 1 to 196 last"],
        ),
        (
            "00001.jpg,1\n7\n",
            ["anno_train.csv, line 2", "expected a file first"],
        ),
        ("00001.jpg,1\n,7\n", ["anno_train.csv, line 2", "no file"]),
        (
            "00001.jpg,1\n00001.jpg,7\n",
            ["anno_train.csv, line 2", "stands in an earlier line"],
        ),
        (
            "../00001.jpg,1\n",
            ["anno_train.csv, line 1", "leads out of"],
        ),
        (
            "00001.jpg,1\n\n00009.jpg,1\n",
            ["1 of the 2 images", "line 3: "],
        ),
    ] {
        tree.write("anno_train.csv", content);
        says(list(), &parts);
    }
    std::fs::remove_file(tree.path("anno_test.csv")).unwrap();
    tree.write("anno_train.csv", "00001.jpg,1\n");
    says(list(), &["anno_test.csv: no such file"]);
}
