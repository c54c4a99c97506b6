//! `lam data`. Downloads that succeed are tested with the crate that does them.
use crate::common::{World, small_data};

#[test]
fn list_says_what_is_built_in_what_was_found_and_how_to_get_the_rest() {
    let world = World::new();
    small_data(&world.path("data"));
    let list = world.run("data list --data-dir data").code(0).stdout;
    let row = |name: &str| {
        let start = format!("{name} ");
        let found = list
            .lines()
            .find(|line| line.trim_start().starts_with(&start));
        found
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let sample = row("sample");
    assert!(
        sample.starts_with("sample 6000 - 1000 10 1×28×28 built in"),
        "{sample}"
    );
    assert!(row("sample_mnist").starts_with("sample_mnist - - 1000 10 1×28×28 built in"));
    let fashion = row("fashionmnist");
    assert!(
        fashion.contains("60000 - 10000 10 1×28×28 data/fashionmnist (--data-dir)"),
        "{fashion}"
    );
    let mnist = row("mnist");
    assert!(
        mnist.contains("only test: data/mnist (--data-dir); get it: lam data fetch mnist"),
        "{mnist}"
    );
}

#[test]
fn the_environment_names_data_folders_too() {
    let world = World::new();
    small_data(&world.path("data"));
    let mut command = world.lam("data list");
    command.env("LAM_DATA_DIR", world.path("data"));
    let list = crate::common::Run::of(&mut command).code(0).stdout;
    assert!(
        list.contains("/data/fashionmnist ($LAM_DATA_DIR)"),
        "{list}"
    );
}

#[test]
fn nothing_needs_to_be_fetched_of_what_is_built_in() {
    let world = World::new();
    let run = world.run("data fetch sample").code(0);
    assert_eq!(run.stdout, "sample is built in: nothing to fetch\n");
}

#[test]
fn an_unknown_data_set_is_wrong_use() {
    let world = World::new();
    world
        .run("data fetch fashionmnits")
        .code(2)
        .says("unknown data set 'fashionmnits', did you mean 'fashionmnist'?");
}

#[test]
fn without_a_network_fetch_says_which_files_to_put_where() {
    let world = World::new();
    let mut command = world.lam("data fetch fashionmnist --data-dir data");
    // Nobody listens on the port "discard".
    command.env("LAM_DATA_MIRROR", "http://127.0.0.1:9/");
    let run = crate::common::Run::of(&mut command).code(1);
    let run = run
        .says("warning: http://127.0.0.1:9/fashionmnist/train-images-idx3-ubyte.gz: ")
        .says("error: train-images-idx3-ubyte.gz of data set 'fashionmnist' could not be fetched")
        .says("put these files into data/fashionmnist")
        .says("apt install dataset-fashion-mnist");
    assert_eq!(run.stdout, "");
    assert!(!crate::common::has_escapes(&run.stderr));
}

#[test]
fn without_a_home_fetch_asks_for_a_folder() {
    let world = World::new();
    let mut command = world.lam("data fetch mnist");
    command.env_remove("HOME");
    crate::common::Run::of(&mut command)
        .code(2)
        .says("name one with --data-dir");
}
