//! LFW's lists of people.

use crate::common::tree;

use lam_data::{Split, list_lfw};
use tree::{Tree, says};

fn lfw() -> Tree {
    let tree = Tree::new();
    tree.write(
        "peopleDevTrain.txt",
        "3\nZico\t2\nAJ_Cook\t1\nAaron_Peirsol\t3\n",
    );
    tree.write("peopleDevTest.txt", "1\nYao_Ming\t2\n");
    tree.write(
        "lfw-names.txt",
        "AJ_Cook\t1\nAaron_Peirsol\t4\nYao_Ming\t2\nZico\t3\n",
    );
    for (name, count) in [
        ("Zico", 3),
        ("AJ_Cook", 1),
        ("Aaron_Peirsol", 4),
        ("Yao_Ming", 2),
    ] {
        tree.pictures((1..=count).map(|n| format!("lfw_funneled/{name}/{name}_{n:04}.jpg")));
    }
    tree
}

#[test]
fn each_person_of_the_list_is_a_class() {
    let tree = lfw();
    let train = list_lfw(tree.root(), Split::Train).unwrap();
    assert_eq!(train.class_names, ["AJ_Cook", "Aaron_Peirsol", "Zico"]);
    assert_eq!((train.counts(), train.singletons()), (vec![1, 3, 2], 1));
    let rows: Vec<_> = train
        .images
        .iter()
        .map(|i| tree.relative(&i.path))
        .collect();
    assert_eq!(rows[0], "lfw_funneled/AJ_Cook/AJ_Cook_0001.jpg");
    assert_eq!(rows[3], "lfw_funneled/Aaron_Peirsol/Aaron_Peirsol_0003.jpg");
    let test = list_lfw(tree.root(), Split::Test).unwrap();
    assert_eq!(
        (test.class_names, test.images.len()),
        (vec!["Yao_Ming".to_owned()], 2)
    );
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let tree = lfw();
    let list = || list_lfw(tree.root(), Split::Train);
    for (content, parts) in [
        (
            "Zico\t2\n",
            [
                "peopleDevTrain.txt, line 1",
                "expected the number of people",
            ],
        ),
        (
            "",
            [
                "peopleDevTrain.txt, line 1",
                "expected the number of people",
            ],
        ),
        (
            "2\nZico\t2\n",
            [
                "peopleDevTrain.txt, line 1",
                "2 people are announced, but 1 follow",
            ],
        ),
        (
            "2\nZico\t2\nZico\t1\n",
            ["line 3", "Zico stands in line 2 too"],
        ),
        (
            "1\nZico\n",
            ["line 2", "expected a name and a number of images"],
        ),
        (
            "1\nZico\t0\n",
            ["line 2", "expected a name and a number of images"],
        ),
        (
            "1\nZico\t4000000000\n",
            ["line 2", "expected a name and a number of images"],
        ),
        (
            "1\n../Zico\t1\n",
            ["line 2", "expected a name and a number of images"],
        ),
        ("1\nZico\t5\n", ["2 of the 5 images", "Zico_0004.jpg"]),
        (
            "1\nAJ_Cook\t1\n",
            [
                "every class has a single image (1 in all)",
                "peopleDevTrain.txt",
            ],
        ),
    ] {
        tree.write("peopleDevTrain.txt", content);
        says(list(), &parts);
    }
    std::fs::remove_file(tree.path("peopleDevTrain.txt")).unwrap();
    says(
        list(),
        &["peopleDevTrain.txt: no such file", "list of people"],
    );
}
