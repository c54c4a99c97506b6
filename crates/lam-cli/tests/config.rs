//! `lam config`, and what every verb says about a wrong configuration.
use crate::common::{World, quickstart, workspace};
use lam_train::config::{Config, key_specs};

const RIGHT: &str = "model: laplace_online\ndataset: sample\n";

#[test]
fn check_accepts_every_configuration_of_the_repository() {
    let world = World::new();
    let configs = workspace().join("configs").canonicalize().unwrap();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&configs)
        .unwrap()
        .chain(std::fs::read_dir(configs.join("fashionmnist")).unwrap())
    {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "yaml") {
            files.push(path.to_str().unwrap().to_owned());
        }
    }
    assert!(files.len() > 10);
    let run = world
        .run(&format!("config check {}", files.join(" ")))
        .code(0);
    for file in files {
        assert!(run.stdout.contains(&format!("{file}: OK\n")), "{file}");
    }
}

#[test]
fn check_reports_all_that_is_wrong_with_file_and_line() {
    let world = World::new();
    world.write("right.yaml", RIGHT);
    world.write(
        "wrong.yaml",
        "model: laplace_online\ndataset: sample\nlrr: 1\nepochs: many\nmargin: 1000\n",
    );
    let run = world
        .run("config check right.yaml wrong.yaml missing.yaml")
        .code(2);
    assert_eq!(run.stdout, "right.yaml: OK\n");
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(
        lines[0],
        "error: wrong.yaml:3: unknown key 'lrr': did you mean 'lr'?"
    );
    assert!(
        lines[1].starts_with("error: wrong.yaml:4: 'epochs' is "),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].starts_with("error: wrong.yaml:5: 'margin' is 1000"),
        "{}",
        lines[2]
    );
    assert!(lines[2].ends_with("nearest valid: 100.0"), "{}", lines[2]);
    assert!(lines[3].starts_with("error: missing.yaml: cannot read the file: No such file"));
    assert_eq!(lines[4..], ["error: 2 of 3 configurations are wrong"]);
}

#[test]
fn train_and_show_say_the_same_about_a_wrong_configuration() {
    let world = World::new();
    world.write("right.yaml", RIGHT);
    world.write("wrong.yaml", "model: laplace_online\ndataset: smaple\n");
    for verb in ["train", "config show"] {
        world
            .run(&format!("{verb} wrong.yaml"))
            .code(2)
            .says("error: wrong.yaml:2: 'dataset' is")
            .says("nearest valid: sample");
        world
            .run(&format!(
                "{verb} right.yaml --set lr=x --set margni=1 --set lr"
            ))
            .code(2)
            .says("error: --set lr=x: 'lr' is")
            .says("error: --set margni=1: unknown key 'margni': did you mean 'margin'?")
            .says("error: --set lr: expected --set key=value");
        world
            .run(&format!("{verb} nowhere.yaml"))
            .code(2)
            .says("error: nowhere.yaml: cannot read the file");
    }
    assert!(!world.path("runs").exists(), "nothing was begun");
}

#[test]
fn flags_are_checked_as_the_keys_they_stand_for() {
    let world = World::new();
    world.write("right.yaml", RIGHT);
    world
        .run("train right.yaml --epochs 1000000")
        .code(2)
        .says("error: --epochs 1000000: 'epochs' is 1000000")
        .says("nearest valid: 100000");
}

#[test]
fn a_device_that_is_not_there_is_wrong_use() {
    let world = World::new();
    world.write("right.yaml", RIGHT);
    let run = world.run("train right.yaml --device cuda:4000").code(2);
    run.says("cuda");
    assert!(!world.path("runs").exists(), "nothing was begun");
}

#[test]
fn show_names_the_origin_of_every_value() {
    let world = World::new();
    world.write(
        "c.yaml",
        "# first\nmodel: laplace_online\ndataset: sample\nlr: 0.002\n",
    );
    let shown = world
        .run("config show c.yaml --set margin=0.5")
        .code(0)
        .stdout;
    let line = |key: &str| {
        let start = format!("{key}: ");
        let found = shown.lines().find(|line| line.starts_with(&start));
        found
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(line("lr"), "lr: 0.002 # c.yaml:4");
    assert_eq!(line("margin"), "margin: 0.5 # --set");
    assert_eq!(line("epochs"), "epochs: 20 # default");
    assert_eq!(line("ood_dataset"), "ood_dataset: sample_mnist # default");
}

#[test]
fn what_show_prints_is_the_same_configuration() {
    let world = World::new();
    let (path, set) = (quickstart(), "seed=7");
    let shown = world
        .run(&format!("config show {path} --set {set}"))
        .code(0)
        .stdout;
    let read = Config::parse(&shown, "shown.yaml".as_ref(), &[])
        .unwrap()
        .config;
    let set = lam_train::config::Override::Set(set.to_owned());
    let meant = Config::load(path.as_ref(), &[set]).unwrap().config;
    assert_eq!(read, meant);
}

#[test]
fn keys_lists_every_key_once() {
    let world = World::new();
    let keys = world.run("config keys").code(0).stdout;
    let listed: Vec<&str> = keys
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    let known: Vec<&str> = key_specs().iter().map(|spec| spec.key).collect();
    assert_eq!(listed, known);
}

#[test]
fn warnings_are_said_unless_quiet() {
    let world = World::new();
    world.write(
        "c.yaml",
        "model: deterministic\ndataset: sample\nprior_prec: 2\n",
    );
    world
        .run("config check c.yaml")
        .code(0)
        .says("warning: c.yaml:3: 'prior_prec' has no effect");
    let quiet = world.run("-q config check c.yaml").code(0);
    assert_eq!(
        (quiet.stdout.as_str(), quiet.stderr.as_str()),
        ("c.yaml: OK\n", "")
    );
}
