//! CUB-200-2011's lists.

use crate::common::tree;

use lam_data::{Listing, Split, list_cub200};
use tree::{Tree, says};

const IMAGES: [(&str, u32); 7] = [
    (
        "001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg",
        1,
    ),
    (
        "001.Black_footed_Albatross/Black_Footed_Albatross_0009_34.jpg",
        1,
    ),
    ("100.Brown_Pelican/Brown_Pelican_0001_1.jpg", 100),
    ("101.White_Pelican/White_Pelican_0001_2.jpg", 101),
    ("101.White_Pelican/White_Pelican_0002_2.jpg", 101),
    (
        "200.Common_Yellowthroat/Common_Yellowthroat_0003_1.jpg",
        200,
    ),
    (
        "200.Common_Yellowthroat/Common_Yellowthroat_0004_1.jpg",
        200,
    ),
];

fn cub() -> Tree {
    let tree = Tree::new();
    let lines = |line: &dyn Fn(usize) -> String| (0..IMAGES.len()).map(line).collect::<String>();
    tree.write(
        "images.txt",
        lines(&|i| format!("{} {}\n", i + 1, IMAGES[i].0)),
    );
    tree.write(
        "image_class_labels.txt",
        lines(&|i| format!("{} {}\n", i + 1, IMAGES[i].1)),
    );
    tree.write(
        "classes.txt",
        "1 001.Black_footed_Albatross\n100 100.Brown_Pelican\n101 101.White_Pelican\n200 200.Common_Yellowthroat\n",
    );
    tree.pictures(IMAGES.map(|(name, _)| format!("images/{name}")));
    tree
}

fn rows(tree: &Tree, listing: &Listing) -> Vec<(String, u32)> {
    let row = |image: &lam_data::ListedImage| (tree.relative(&image.path), image.label);
    listing.images.iter().map(row).collect()
}

#[test]
fn the_first_hundred_classes_are_to_train_on() {
    let tree = cub();
    let train = list_cub200(tree.root(), Split::Train).unwrap();
    assert_eq!(
        train.class_names,
        ["001.Black_footed_Albatross", "100.Brown_Pelican"]
    );
    assert_eq!(train.counts(), [2, 1]);
    assert_eq!(train.singletons(), 1);
    let expected = (0..3).map(|i| (format!("images/{}", IMAGES[i].0), u32::from(i == 2)));
    assert_eq!(rows(&tree, &train), expected.collect::<Vec<_>>());
    let test = list_cub200(tree.root(), Split::Test).unwrap();
    assert_eq!(
        test.class_names,
        ["101.White_Pelican", "200.Common_Yellowthroat"]
    );
    assert_eq!(test.counts(), [2, 2]);
    assert_eq!(test.images[3].label, 1);
}

#[test]
fn without_a_list_of_classes_their_folders_name_them() {
    let tree = cub();
    std::fs::remove_file(tree.path("classes.txt")).unwrap();
    let train = list_cub200(tree.root(), Split::Train).unwrap();
    assert_eq!(
        train.class_names,
        ["001.Black_footed_Albatross", "100.Brown_Pelican"]
    );
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let tree = cub();
    let list = || list_cub200(tree.root(), Split::Train);
    let (images, labels) = (tree.path("images.txt"), tree.path("image_class_labels.txt"));
    let (right_images, right_labels) = (
        std::fs::read_to_string(&images).unwrap(),
        std::fs::read_to_string(&labels).unwrap(),
    );
    for (content, parts) in [
        (
            right_labels.replace("3 100", "3 201"),
            ["labels.txt, line 3", "no class from 1 to 200"],
        ),
        (
            right_labels.replace("3 100", "3 x"),
            ["labels.txt, line 3", "no class from 1 to 200"],
        ),
        (
            right_labels.replace("3 100", "3"),
            ["labels.txt, line 3", "expected a number and a text"],
        ),
        (
            right_labels.replace("3 100", "2 100"),
            ["labels.txt, line 3", "number 2 stands in line 2 too"],
        ),
        (
            right_labels.replace("3 100\n", ""),
            ["images.txt, line 3", "image 3 has no class in"],
        ),
        (
            right_labels.clone() + "8 7\n",
            ["labels.txt, line 8", "image 8 is not in"],
        ),
    ] {
        std::fs::write(&labels, content).unwrap();
        says(list(), &parts);
    }
    std::fs::write(&labels, &right_labels).unwrap();
    std::fs::write(&images, right_images.replace("1 001", "1 ../001")).unwrap();
    says(list(), &["images.txt, line 1", "leads out of"]);
    std::fs::write(&images, b"1 caf\xe9.jpg\n").unwrap();
    says(list(), &["images.txt, line 1", "not UTF-8"]);
    std::fs::write(&images, &right_images).unwrap();
    std::fs::remove_file(tree.path("images").join(IMAGES[1].0)).unwrap();
    says(list(), &["1 of the 3 images", "line 2: ", "0009_34.jpg"]);
    // Those to test on are not asked for.
    assert!(list_cub200(tree.root(), Split::Test).is_ok());
    std::fs::remove_file(&labels).unwrap();
    says(list(), &["image_class_labels.txt: no such file", "classes"]);
}
