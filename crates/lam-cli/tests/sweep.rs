//! `lam sweep`: search over a configuration.
use std::fs;
use std::path::Path;

use crate::common::{Background, World, has_escapes, workspace};
use serde_json::Value;

const SWEEP: &str = "\
method: bayes
metric:
  name: val/map@5
  goal: maximize
config: small.yaml
run_cap: 3
parameters:
  lr:
    distribution: log_uniform_values
    min: 1.0e-6
    max: 1.0e-4
  margin:
    values: [0.2, 0.7]
  epochs:
    value: 1
";

fn world() -> World {
    let world = World::new();
    world.small_config();
    world.write("s.yaml", SWEEP);
    world
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_search_from_start_to_end() {
    let world = world();
    let run = world.run("sweep s.yaml").code(0);
    assert!(!has_escapes(&run.stdout) && !has_escapes(&run.stderr));
    let run = run.says("trial 3 of 3: lr=");
    assert!(
        run.stdout
            .contains("on held-out images; the test set was not looked at")
    );
    let folder = world.path("runs/sweeps/s");
    let root = read_json(&folder.join("results.json"));
    let trials = root["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 3);
    assert!(root["selected_on"].as_str().unwrap().contains("held-out"));
    let values: Vec<f64> = trials
        .iter()
        .map(|t| t["value"].as_f64().unwrap())
        .collect();
    let best = values.iter().copied().fold(0.0, f64::max);
    assert_eq!(root["best"]["value"].as_f64(), Some(best));
    // The value is the log's, of the validation and not of a test.
    let log = fs::read_to_string(folder.join("trials/0000/log.jsonl")).unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "validation");
    assert_eq!(last["map@5"].as_f64(), Some(values[0]));
    assert!(!folder.join("trials/0000/metrics.json").exists());
    for file in [
        "trials.csv",
        "report.html",
        "best.yaml",
        "figures/search_history.png",
        "figures/search_parameters.png",
    ] {
        assert!(folder.join(file).exists(), "{file}");
    }
    assert_eq!(
        fs::read_to_string(folder.join("trials.csv"))
            .unwrap()
            .lines()
            .count(),
        4
    );

    // Ready for `lam train`, with what was found in it.
    let found = root["best"]["values"]["lr"].as_str().unwrap();
    let shown = world.run("config show runs/sweeps/s/best.yaml").code(0);
    assert!(
        shown.stdout.contains(&format!("lr: {found}")),
        "{}",
        shown.stdout
    );
    world
        .run("train runs/sweeps/s/best.yaml --out best")
        .code(0);

    // More trials: those that are there stay.
    let table = fs::read_to_string(folder.join("trials.jsonl")).unwrap();
    let more = world.run("sweep s.yaml --trials 4").code(0);
    assert!(!more.stderr.contains("trial 3 of"), "{}", more.stderr);
    more.says("trial 4 of 4");
    let longer = fs::read_to_string(folder.join("trials.jsonl")).unwrap();
    assert!(longer.starts_with(&table) && longer.len() > table.len());

    // Another sweep may not mix with it.
    world
        .run("sweep s.yaml --seed 2")
        .code(2)
        .says("holds another sweep (seed differs)");
    world
        .run("sweep s.yaml --set loss_approx=full")
        .code(2)
        .says("(configuration differs)");
}

#[test]
fn killed_and_started_again_it_makes_the_same_trials() {
    let world = world();
    let arguments = "sweep s.yaml --set checkpoint_every_n_seconds=0";
    world.run(&format!("{arguments} --out whole")).code(0);
    for file in [
        "trials/0000/checkpoints/last.safetensors",
        "trials/0001/log.jsonl",
        "trials/0002/config.yaml",
    ] {
        let mut command = world.lam(&format!("{arguments} --out killed"));
        let process =
            Background::until_exists(&mut command, &world.path(&format!("killed/{file}")));
        drop(process);
    }
    world.run(&format!("{arguments} --out killed")).code(0);
    let read = |folder: &str, file: &str| {
        fs::read_to_string(world.path(&format!("{folder}/{file}"))).unwrap()
    };
    assert_eq!(read("killed", "trials.csv"), read("whole", "trials.csv"));
    assert_eq!(
        read("killed", "trials.jsonl"),
        read("whole", "trials.jsonl")
    );
}

#[test]
fn hopeless_trials_end_early_and_failed_ones_are_told() {
    let world = world();
    // One rung at one epoch; a rate of 10 per image is not a number soon.
    let text = "method: grid\nmetric: {name: map@5, goal: maximize}\nconfig: small.yaml\n\
                early_terminate: {type: hyperband, min_iter: 1, eta: 2}\n\
                parameters:\n  lr: {values: [1.0e-5, 1.0e-9, 10.0]}\n  epochs: {value: 3}\n";
    world.write("g.yaml", text);
    let run = world.run("sweep g.yaml").code(0);
    let root = read_json(&world.path("runs/sweeps/g/results.json"));
    let state = |i: usize| root["trials"][i]["state"].as_str().unwrap().to_owned();
    assert_eq!([state(0), state(1)], ["complete", "stopped"]);
    assert_eq!(root["trials"][1]["epochs"], 1);
    assert_ne!(state(2), "complete");
    assert_eq!(root["best"]["trial"], 0);
    run.says("ended early: hopeless");
}

/// An ensemble does not train; a trial is judged by its members as they are.
#[test]
fn ensembles_are_compared_by_their_members() {
    let world = World::new();
    world.small_config();
    let small = fs::read_to_string(world.path("small.yaml")).unwrap();
    let without_model: String = small
        .lines()
        .filter(|line| !line.starts_with("model"))
        .flat_map(|line| [line, "\n"])
        .collect();
    world.write(
        "deterministic.yaml",
        format!("{without_model}model: deterministic\n"),
    );
    world.write(
        "ensemble.yaml",
        format!("{without_model}model: deep_ensemble\ntrain: false\nseeds: [1, 2]\n"),
    );
    world.write(
        "e.yaml",
        "method: grid\nmetric: {name: map@5, goal: maximize}\nconfig: ensemble.yaml\n\
         parameters:\n  seeds: {values: [[1], [1, 2], [2, 7]]}\n",
    );
    // Where all trials have the same members, the first that lacks one ends the sweep.
    world.write(
        "k.yaml",
        "method: grid\nmetric: {name: map@5, goal: maximize}\nconfig: ensemble.yaml\n\
         parameters:\n  val_n_samples: {values: [2, 3]}\n",
    );
    for seed in [1, 2] {
        world
            .run("sweep k.yaml")
            .code(2)
            .says(&format!("no finished deterministic run of seed {seed}"));
        world
            .run(&format!("train deterministic.yaml --seed {seed}"))
            .code(0);
    }
    world.run("sweep e.yaml").code(0);
    let folder = world.path("runs/sweeps/e");
    let root = read_json(&folder.join("results.json"));
    let trials = &root["trials"];
    let states: Vec<&str> = (0..3)
        .map(|i| trials[i]["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["complete", "complete", "failed"]);
    let reason = trials[2]["reason"].as_str().unwrap();
    assert!(reason.contains("of seed 7 in"), "{reason}");
    assert!(!folder.join("trials/0000/metrics.json").exists());

    // An ensemble of the run of its own seed is that run, whose last validation saw the same images.
    let log = fs::read_to_string(world.path("runs/fashionmnist/deterministic/seed-1/log.jsonl"));
    let log = log.unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let value = |i: usize| trials[i]["value"].as_f64().unwrap();
    assert_eq!(last["event"], "validation");
    assert!((last["map@5"].as_f64().unwrap() - value(0)).abs() < 1e-6);
    assert!(value(1) != value(0));

    // Again, the trials are there.
    let table = fs::read(folder.join("trials.jsonl")).unwrap();
    world.run("sweep e.yaml").code(0);
    assert_eq!(table, fs::read(folder.join("trials.jsonl")).unwrap());
    world
        .run("train runs/sweeps/e/best.yaml --out best")
        .code(0);
}

/// The example in the repository is right, and so is its configuration.
#[test]
fn examples_work() {
    let world = World::new();
    for name in ["quickstart", "learning_rate"] {
        let path = workspace().join(format!("configs/sweeps/{name}.yaml"));
        let path = path.canonicalize().unwrap();
        let arguments = format!("sweep {} --trials 1 --epochs 1", path.display());
        world.run(&arguments).code(0);
    }
}

#[test]
fn wrong_use() {
    let world = world();
    world.run("sweep").code(2).says("<SWEEP>");
    world
        .run("sweep nowhere.yaml")
        .code(2)
        .says("nowhere.yaml: cannot read the file");
    let change = |from: &str, to: &str| world.write("w.yaml", SWEEP.replace(from, to));
    change("run_cap: 3\n", "");
    world
        .run("sweep w.yaml")
        .code(2)
        .says("say how many trials to make: --trials N");
    change("config: small.yaml\n", "");
    world
        .run("sweep w.yaml")
        .code(2)
        .says("w.yaml names no configuration");
    change("small.yaml", "none.yaml");
    world
        .run("sweep w.yaml")
        .code(2)
        .says("the configuration none.yaml of the sweep is not there");
    change("margin:", "marign:");
    world
        .run("sweep w.yaml")
        .code(2)
        .says("w.yaml:12: unknown key 'marign': did you mean 'margin'?");
    change("[0.2, 0.7]", "[0.2, big]");
    world
        .run("sweep w.yaml")
        .code(2)
        .says("w.yaml:12: 'margin' is big: expected a number");
    change("max: 1.0e-4", "max: 1.0e+4");
    world
        .run("sweep w.yaml")
        .code(2)
        .says("w.yaml:8: 'lr' is 10000.0: expected a number");
    change(
        "margin:\n    values: [0.2, 0.7]",
        "selection:\n    values: [held_out, test]",
    );
    world
        .run("sweep w.yaml")
        .code(2)
        .says("a sweep never selects on the test set");
    world
        .run("sweep s.yaml --set selection=test")
        .code(2)
        .says("a sweep never selects on the test set");
    world
        .run("sweep s.yaml --set train=false")
        .code(2)
        .says("does not train");
    assert!(!world.path("runs").exists());
}
