//! `lam bench`: several configurations and seeds, and the tables that compare them.
use std::fs;
use std::path::Path;

use crate::common::{Background, Run, World, has_escapes};
use serde_json::Value;

/// `small.yaml`, and `plain.yaml`, a deterministic method on the same data; an epoch each.
fn world() -> World {
    let world = World::new();
    world.small_config();
    world.write(
        "plain.yaml",
        "model: deterministic\ndataset: fashionmnist\ndata_dir: data\nlatent_dim: 4\nbatch_size: 32\nlr: 1.0e-5\n",
    );
    world
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn metric(world: &World, run: &str, name: &str) -> f64 {
    let path = world.path(&format!("runs/fashionmnist/{run}/metrics.json"));
    read_json(&path)["metrics"][name].as_f64().unwrap()
}

#[test]
fn the_table_is_that_of_the_runs() {
    let world = world();
    let arguments = "bench plain.yaml small.yaml --seeds 1..2 --epochs 1";
    let listed = world.run(&format!("{arguments} --dry-run")).code(0);
    assert!(
        listed.stdout.contains("4 of 4 runs to make"),
        "{}",
        listed.stdout
    );
    assert!(!world.path("runs").exists());

    let run = world.run(arguments).code(0);
    assert!(!has_escapes(&run.stdout) && !has_escapes(&run.stderr));
    let run = run
        .says("run 1 of 4: plain, seed 1")
        .says("run 4 of 4: small, seed 2");
    assert!(run.stderr.contains("left"), "{}", run.stderr);

    // Mean and deviation of two values by hand: (a + b)/2 and |a − b|/√2.
    let root = read_json(&world.path("runs/bench/results.json"));
    for (place, name) in ["plain", "small"].iter().enumerate() {
        let of = &root["configurations"][place];
        assert_eq!(of["configuration"], *name);
        let values =
            ["seed-1", "seed-2"].map(|s| metric(&world, &format!("{name}/{s}"), "recall@1"));
        let found = &of["metrics"]["recall@1"];
        let (mean, sd) = (
            found["mean"].as_f64().unwrap(),
            found["sd"].as_f64().unwrap(),
        );
        assert!((mean - (values[0] + values[1]) / 2.0).abs() < 1e-12);
        assert!((sd - (values[0] - values[1]).abs() / 2f64.sqrt()).abs() < 1e-12);
        assert_eq!(found["n"], 2);
        let shown = format!("{mean:.3} ± {sd:.3}").replace("0.", ".");
        let row = run
            .stdout
            .lines()
            .find(|line| line.trim_start().starts_with(name));
        assert!(row.unwrap().contains(&shown), "{shown} in {}", run.stdout);
        let table = fs::read_to_string(world.path("runs/bench/table.md")).unwrap();
        assert!(table.contains(&shown), "{table}");
    }
    let ece = root["configurations"][1]["metrics"]["ece"]["mean"].as_f64();
    assert!(ece.is_some());
    assert_eq!(root["configurations"][0]["metrics"]["ece"], Value::Null);
    assert!(run.stdout.contains("ece ↓") && run.stdout.contains("recall@1 ↑"));

    let report = fs::read_to_string(world.path("runs/bench/report.html")).unwrap();
    assert!(report.trim_end().ends_with("</html>") && report.contains("<strong>"));
    for name in ["sparsification", "calibration", "roc", "precision_recall"] {
        let figure = world.path(&format!("runs/bench/figures/{name}.png"));
        assert!(figure.exists(), "{name}");
    }
    let rows = fs::read_to_string(world.path("runs/bench/runs.csv")).unwrap();
    assert_eq!(rows.lines().count(), 5);
    let curves = read_json(&world.path("runs/fashionmnist/small/seed-1/curves.json"));
    assert_eq!(curves["version"], 1);
    assert_eq!(curves["calibration"].as_array().unwrap().len(), 10);

    // Again: nothing is run, and the same is said.
    let log = world.path("runs/fashionmnist/small/seed-1/log.jsonl");
    let before = fs::metadata(&log).unwrap().modified().unwrap();
    let json = fs::read(world.path("runs/bench/results.json")).unwrap();
    let again = world.run(arguments).code(0);
    assert_eq!(again.stdout, run.stdout);
    assert!(!again.stderr.contains("run 1 of"), "{}", again.stderr);
    let collected = world.run(&format!("{arguments} --collect")).code(0);
    assert_eq!(collected.stdout, run.stdout);
    assert_eq!(fs::metadata(&log).unwrap().modified().unwrap(), before);
    assert_eq!(
        fs::read(world.path("runs/bench/results.json")).unwrap(),
        json
    );

    // A run that kept no curves is told apart, and `lam eval` makes them.
    fs::remove_file(world.path("runs/fashionmnist/small/seed-1/curves.json")).unwrap();
    let collected = world.run(&format!("{arguments} --collect")).code(0);
    collected.says("seed-1 kept no curves");
    world.run("eval runs/fashionmnist/small/seed-1").code(0);
    assert!(
        world
            .path("runs/fashionmnist/small/seed-1/curves.json")
            .exists()
    );
}

#[test]
fn a_failed_run_does_not_stop_the_rest() {
    let world = world();
    // In the way of the first run: a file where its folder belongs.
    world.write("runs/fashionmnist/plain/seed-1", "");
    let run = world
        .run("bench plain.yaml small.yaml --seeds 1,2 --epochs 1 --out tables")
        .code(1);
    assert!(run.stdout.contains("1, 1 failed"), "{}", run.stdout);
    let run = run
        .says("failed: plain, seed 1: cannot")
        .says("error: 1 of 4 runs failed");
    let rows: Vec<&str> = run.stdout.lines().collect();
    let reason = rows.iter().find(|line| line.contains("failed  cannot"));
    assert!(reason.is_some(), "{}", run.stdout);
    let root = read_json(&world.path("tables/results.json"));
    let failed = &root["configurations"][0]["runs"][0];
    assert_eq!(failed["state"], "failed");
    assert!(failed["reason"].as_str().unwrap().contains("seed-1"));
    assert_eq!(root["configurations"][0]["metrics"]["recall@1"]["n"], 1);
    assert_eq!(
        root["configurations"][0]["metrics"]["recall@1"]["sd"],
        Value::Null
    );
    assert_eq!(root["configurations"][1]["metrics"]["recall@1"]["n"], 2);

    // A run folder of another configuration fails for that run only, too.
    let other = world.run("bench small.yaml --seeds 1..3 --epochs 1 --set margin=0.3 --dry-run");
    let other = other.code(0);
    assert_eq!(
        other.stdout.matches("would fail").count(),
        2,
        "{}",
        other.stdout
    );
    assert!(other.stdout.contains("1 of 3 runs to make"));
}

#[test]
fn killed_in_the_middle_it_goes_on_exactly() {
    let world = world();
    let arguments =
        "bench plain.yaml small.yaml --seeds 1 --epochs 2 --set checkpoint_every_n_seconds=0";
    world
        .run(&format!("{arguments} --set log_dir=whole"))
        .code(0);
    // The first configuration alone, so that little time passes until the second is in its middle.
    world.run(&arguments.replace(" small.yaml", "")).code(0);
    let root = read_json(&world.path("runs/bench/results.json"));
    assert_eq!(root["configurations"][0]["runs"][0]["state"], "finished");
    let mut bench = world.lam(arguments);
    let middle = world.path("runs/fashionmnist/small/seed-1/checkpoints/best.safetensors");
    drop(Background::until_exists(&mut bench, &middle));
    let metrics = "fashionmnist/small/seed-1/metrics.json";
    assert!(
        !world.path(&format!("runs/{metrics}")).exists(),
        "it was too fast"
    );
    let listed = world.run(&format!("{arguments} --dry-run")).code(0);
    assert!(
        listed.stdout.contains("finished, is taken as it is"),
        "{}",
        listed.stdout
    );
    assert!(
        listed.stdout.contains("interrupted, would go on"),
        "{}",
        listed.stdout
    );
    let run = world.run(arguments).code(0);
    run.says("run 1 of 1: small, seed 1").says("going on after");
    let read = |folder: &str| fs::read(world.path(&format!("{folder}/{metrics}"))).unwrap();
    assert_eq!(read("runs"), read("whole"));
}

/// The second process finds the first at work: both end with the same table, and no run is made twice.
#[test]
fn two_processes_share_the_work() {
    let world = world();
    let arguments = "bench small.yaml plain.yaml --seeds 1..2 --epochs 2";
    let mut first = world.lam(arguments);
    let begun = world.path("runs/fashionmnist/small/seed-1/checkpoints/last.safetensors");
    let first = Background::until_exists(&mut first, &begun);
    let second = Run::of(&mut world.lam(&format!("{arguments} --out second"))).code(0);
    let second = second.says("small, seed 1: in use by another process");
    assert!(!second.stderr.contains("failed"), "{}", second.stderr);
    let root = read_json(&world.path("second/results.json"));
    for config in root["configurations"].as_array().unwrap() {
        for run in config["runs"].as_array().unwrap() {
            assert_eq!(run["state"], "finished", "{run}");
        }
    }
    drop(first);
}

#[test]
fn wrong_use() {
    let world = world();
    world.run("bench").code(2).says("<CONFIG>");
    world
        .run("bench small.yaml --seeds 5..1")
        .code(2)
        .says("5 included");
    world
        .run("bench small.yaml --set margn=1")
        .code(2)
        .says("did you mean 'margin'");
    world
        .run("bench nowhere.yaml")
        .code(2)
        .says("nowhere.yaml: cannot read the file");
    world
        .run("bench small.yaml small.yaml")
        .code(2)
        .says("give one of the files another name");
    world
        .run("bench small.yaml --collect --dry-run")
        .code(2)
        .says("cannot be used with");
    let empty = world.run("bench small.yaml --seeds 1 --collect").code(0);
    assert!(empty.stdout.contains("not run"), "{}", empty.stdout);
}
