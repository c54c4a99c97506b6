//! `lam data check`.
use std::fs;

use crate::common::{Run, World};

const RED: &[u8] = include_bytes!("../../lam-data/tests/fixtures/layouts/red.jpg");
const BLUE: &[u8] = include_bytes!("../../lam-data/tests/fixtures/layouts/blue.jpg");

/// A row of the table, its words separated by single blanks.
fn row(run: &Run, split: &str) -> String {
    let start = format!("{split} ");
    let found = run
        .stdout
        .lines()
        .find(|line| line.trim_start().starts_with(&start));
    found
        .unwrap()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn what_is_built_in_is_as_it_should_be() {
    let world = World::new();
    let run = world.run("data check sample").code(0);
    assert!(
        row(&run, "train").starts_with("train 6000 6000 10 0 "),
        "{}",
        run.stdout
    );
    assert!(row(&run, "test").ends_with("28×28 0"), "{}", run.stdout);
    assert!(
        run.stdout
            .contains("contact sheet: sample_sheet.png, sample_sheet.svg")
    );
    let svg = fs::read_to_string(world.path("sample_sheet.svg")).unwrap();
    assert_eq!(svg.matches("<image").count(), 2 * 10 * 8);
    assert!(svg.contains("Ankle boot") && svg.contains("600 images"));
    assert!(
        fs::read(world.path("sample_sheet.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}

#[test]
fn a_folder_with_a_damaged_picture() {
    let world = World::new();
    for n in 0..4 {
        world.write(&format!("mine/train/a/{n}.jpg"), RED);
        world.write(&format!("mine/test/b/{n}.jpg"), BLUE);
    }
    world.write("mine/train/lone/x.jpg", BLUE);
    world.write("mine/train/lone/notes.txt", "");
    world
        .run("data check mine --out look/sheet.svg")
        .code(2)
        .says("--out look/sheet.svg: no folder look");
    fs::create_dir(world.path("look")).unwrap();
    let run = world.run("data check mine --out look/sheet.svg").code(0);
    assert_eq!(row(&run, "train"), "train 5 - 2 1 lone (1) a (4) 12×8 0");
    assert!(
        run.stdout.contains("train: 1 class has a single image"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("train: 1 file is passed over"),
        "{}",
        run.stdout
    );
    assert!(world.path("look/sheet.svg").exists() && world.path("look/sheet.png").exists());

    world.write("mine/test/b/2.jpg", "");
    let run = world.run("data check ./mine --out look/sheet.png").code(1);
    assert!(row(&run, "test").ends_with(" 1"), "{}", run.stdout);
    assert!(
        run.stdout.contains("test: ./mine/test/b/2.jpg: "),
        "{}",
        run.stdout
    );
    run.says("error: data set './mine' is not as it should be: 1 of 4 test images unreadable");
}

#[test]
fn a_table_without_a_test_split() {
    let world = World::new();
    world.write("a.jpg", RED);
    world.write("b.jpg", BLUE);
    world.write("df.csv", "path,label,split\na.jpg,x,train\nb.jpg,x,train\n");
    let run = world.run("data check df.csv").code(1);
    assert_eq!(row(&run, "train"), "train 2 - 1 0 x (2) x (2) 12×8 0");
    run.says("warning: df.csv: no image, expected rows whose split is validation or test")
        .says("error: data set 'df.csv' is not as it should be: no test split");
    world.write("df.csv", "path,label,split\na.jpg,x,train\nc.jpg,x,test\n");
    world
        .run("data check df.csv")
        .code(1)
        .says("1 of the 2 images that it lists do not exist")
        .says("no train split; no test split");
}

#[test]
fn what_is_not_there_and_what_is_unknown() {
    let world = World::new();
    world
        .run("data check cub200 --data-dir .")
        .code(1)
        .says("the train files of data set 'cub200' were not found")
        .says("lam data fetch cub200")
        .says("no train split; no test split");
    world
        .run("data check cub2000")
        .code(2)
        .says("did you mean 'cub200'?");
    world
        .run("data check no/such/folder")
        .code(1)
        .says("no/such/folder: no such folder");
    world
        .run("data check sample --out sheet.gif")
        .code(2)
        .says("ends with .png or .svg");
}

#[test]
fn list_shows_every_data_set_and_fetch_says_what_it_cannot_get() {
    let world = World::new();
    let list = world.run("data list").code(0).stdout;
    for name in ["cifar10", "svhn", "cub200", "cars196", "lfw", "msls", "dag"] {
        assert!(
            list.lines().any(|line| line.trim_start().starts_with(name)),
            "{name}: {list}"
        );
    }
    world
        .run("data fetch msls --data-dir data")
        .code(1)
        .says("https://www.mapillary.com/dataset/places (needs an account)")
        .says("data/msls");
}
