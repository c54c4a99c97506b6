//! Data that is missing or damaged: the message names the file, the exit code is 1, and no run is begun.
use crate::common::{IMAGE, Run, World, first, gzip, sample, small_data};

const IMAGES: &str = "data/fashionmnist/train-images-idx3-ubyte.gz";
const LABELS: &str = "data/fashionmnist/train-labels-idx1-ubyte.gz";

/// A small data set with one file replaced, and what training on it says.
fn train_with(file: &str, content: Vec<u8>) -> Run {
    let world = World::new();
    small_data(&world.path("data"));
    world.write(file, content);
    world.write("c.yaml", "model: deterministic\ndataset: fashionmnist\n");
    let run = world.run("train c.yaml --data-dir data").code(1);
    assert!(!world.path("runs").exists(), "a run was begun: {run:?}");
    assert_eq!(run.stdout, "");
    run.says(file)
}

fn small_images() -> Vec<u8> {
    first(&sample("sample/train-images-idx3-ubyte.gz"), 640, IMAGE)
}

fn small_labels() -> Vec<u8> {
    first(&sample("sample/train-labels-idx1-ubyte.gz"), 640, 1)
}

#[test]
fn a_data_set_that_is_nowhere() {
    let world = World::new();
    world.write(
        "c.yaml",
        "model: deterministic\ndataset: mnist\nood_dataset: null\n",
    );
    world
        .run("train c.yaml --data-dir data")
        .code(1)
        .says("the train files of data set 'mnist' were not found")
        .says("data (--data-dir): no such folder")
        .says("`lam data fetch mnist`");
    assert!(!world.path("runs").exists());
}

#[test]
fn a_data_set_that_this_version_cannot_read() {
    let world = World::new();
    world.write("c.yaml", "model: deterministic\ndataset: cifar10\n");
    world.run("train c.yaml").says("cifar10");
}

#[test]
fn a_truncated_gzip_file() {
    let mut packed = gzip(&small_images());
    packed.truncate(packed.len() / 2);
    train_with(IMAGES, packed).says("download it again");
}

#[test]
fn a_corrupt_gzip_file() {
    let mut packed = gzip(&small_images());
    let middle = packed.len() / 2;
    packed[middle..middle + 64].fill(0xff);
    train_with(IMAGES, packed).says("download it again");
}

#[test]
fn a_file_that_is_no_idx_file() {
    train_with(IMAGES, gzip(b"<html>not found</html>")).says("not an IDX file");
}

#[test]
fn images_and_labels_exchanged() {
    train_with(IMAGES, gzip(&small_labels())).says("exchanged?");
}

#[test]
fn counts_that_differ() {
    let labels = gzip(&first(&small_labels(), 639, 1));
    train_with(LABELS, labels)
        .says(IMAGES)
        .says("holds 640 images, but")
        .says("holds 639 labels");
}

#[test]
fn an_empty_class() {
    let mut labels = small_labels();
    for label in &mut labels[8..] {
        *label = if *label == 3 { 4 } else { *label };
    }
    train_with(LABELS, gzip(&labels)).says("class 3 (Dress) has no image");
}

#[test]
fn a_label_without_a_class() {
    let mut labels = small_labels();
    labels[8 + 17] = 10;
    train_with(LABELS, gzip(&labels)).says("label 17 is 10, expected less than 10");
}

#[test]
fn fewer_images_than_a_batch_is_wrong_use() {
    let world = World::new();
    small_data(&world.path("data"));
    world.write(
        "c.yaml",
        "model: deterministic\ndataset: fashionmnist\nbatch_size: 1000\n",
    );
    world
        .run("train c.yaml --data-dir data")
        .code(2)
        .says("fewer than batch_size 1000");
}
