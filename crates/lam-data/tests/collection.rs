//! Pictures from anywhere, with a name each.

use lam_data::{Collection, Presentation, SearchPath, Split, Views, find};
use proptest::prelude::*;

use crate::common::tree::{PICTURES, Tree};

fn presentation() -> Presentation {
    Presentation::of_views(Views::retrieval(32)).unwrap()
}

#[test]
fn a_folder_is_listed_by_path_and_classes_are_folders() {
    let tree = Tree::new();
    tree.write("b/2.jpg", PICTURES[0]);
    tree.write("a/deeper/1.jpg", PICTURES[1]);
    tree.write("alone.jpg", PICTURES[2]);
    tree.write("a/notes.txt", b"no picture");
    tree.write(".hidden/3.jpg", PICTURES[3]);
    let collection = Collection::of_folder(tree.root(), &presentation()).unwrap();
    assert_eq!(collection.ids(), ["a/deeper/1.jpg", "alone.jpg", "b/2.jpg"]);
    let classes: Vec<_> = collection.classes().iter().map(Option::as_deref).collect();
    assert_eq!(classes, [Some("deeper"), None, Some("b")]);
    let origin = collection.origin(2);
    assert!(origin.ends_with("b/2.jpg") && std::path::Path::new(&origin).is_absolute());
}

#[test]
fn a_table_names_pictures_and_perhaps_classes() {
    let tree = Tree::new();
    tree.write("pictures/1.jpg", PICTURES[0]);
    tree.write("pictures/2.jpg", PICTURES[1]);
    tree.write(
        "t.csv",
        b"label,path,price\nshoe,pictures/1.jpg,3\n,pictures/2.jpg,4\n",
    );
    let table = tree.root().join("t.csv");
    let collection = Collection::of_table(&table, &presentation()).unwrap();
    assert_eq!(collection.ids(), ["pictures/1.jpg", "pictures/2.jpg"]);
    assert_eq!(collection.classes(), [Some("shoe".to_owned()), None]);
    tree.write("t.csv", b"path\npictures/1.jpg\n\npictures/1.jpg\n");
    let error = Collection::of_table(&table, &presentation())
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("line 4") && error.contains("line 2"),
        "{error}"
    );
    tree.write("t.csv", b"file\npictures/1.jpg\n");
    let error = Collection::of_table(&table, &presentation())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("path"), "{error}");
}

#[test]
fn nothing_and_twice_the_same_are_errors() {
    let tree = Tree::new();
    tree.write("x.txt", b"no picture");
    assert!(Collection::of_folder(tree.root(), &presentation()).is_err());
    assert!(Collection::of_folder(&tree.root().join("none"), &presentation()).is_err());
    assert!(Collection::of_paths(Vec::new(), &presentation()).is_err());
    let twice = vec!["a.jpg".to_owned(), "a.jpg".to_owned()];
    let error = Collection::of_paths(twice, &presentation())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("a.jpg twice"), "{error}");
}

#[test]
fn images_of_a_data_set_have_numbers_that_sort() {
    let images = find("sample")
        .unwrap()
        .open(&SearchPath::none(), Split::Test)
        .unwrap();
    let collection = Collection::of_dataset(images, "sample/test");
    assert_eq!(collection.ids()[7], "sample/test/007");
    assert_eq!(collection.origin(7), "sample/test/007");
    assert!(collection.ids().is_sorted());
    assert!(collection.classes().iter().all(Option::is_some));
}

proptest! {
    #[test]
    fn parts_follow_each_other_and_are_level(len in 0..10_000_usize, of in 1..40_usize) {
        let parts: Vec<_> = (0..of).map(|part| Collection::part(len, part, of)).collect();
        let mut next = 0;
        for part in &parts {
            prop_assert_eq!(part.start, next);
            next = part.end;
        }
        prop_assert_eq!(next, len);
        let sizes: Vec<usize> = parts.iter().map(std::ops::Range::len).collect();
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
    }
}
