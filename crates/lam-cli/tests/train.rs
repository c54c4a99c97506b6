//! `lam train` and `lam eval` from start to end.
use std::fs;
use std::path::Path;

use crate::common::{Background, World, has_escapes, quickstart};
use serde_json::Value;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn starts_with(file: &Path, start: &[u8]) -> bool {
    fs::read(file).unwrap().starts_with(start)
}

/// Guards the contents of a run folder, on the configuration that the README begins with.
#[test]
fn one_epoch_of_quickstart_writes_everything() {
    let world = World::new();
    let run = world
        .run(&format!("train {} --epochs 1 --out run", quickstart()))
        .code(0);
    let folder = world.path("run");
    let present = names(&folder);
    for name in [
        "checkpoints",
        "config.yaml",
        "figures",
        "log.jsonl",
        "metrics.csv",
        "metrics.json",
        "report.html",
    ] {
        assert!(
            present.iter().any(|file| file == name),
            "{name}: {present:?}"
        );
    }
    assert!(
        present
            .iter()
            .any(|file| file.starts_with("events.out.tfevents."))
    );
    assert_eq!(
        names(&folder.join("checkpoints")),
        ["best.safetensors", "last.safetensors"]
    );

    let figures = names(&folder.join("figures"));
    let stems = |end: &str| -> Vec<String> {
        let of_kind = figures.iter().filter_map(|name| name.strip_suffix(end));
        of_kind.map(str::to_owned).collect()
    };
    assert!(stems(".png").len() >= 7, "{figures:?}");
    assert_eq!(stems(".png"), stems(".svg"));
    for stem in stems(".png") {
        let figure = |end: &str| folder.join("figures").join(format!("{stem}{end}"));
        assert!(starts_with(&figure(".png"), b"\x89PNG\r\n\x1a\n"), "{stem}");
        let svg = fs::read_to_string(figure(".svg")).unwrap();
        assert!(
            svg.contains("<svg") && svg.trim_end().ends_with("</svg>"),
            "{stem}"
        );
    }

    let report = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(report.trim_end().ends_with("</html>"));
    for outside in ["src=\"http", "href=\"http", "src=\"figures", "@import"] {
        assert!(!report.contains(outside), "not self-contained: {outside}");
    }
    assert!(
        report.contains("lam train "),
        "the command is in the report"
    );

    let metrics: Value =
        serde_json::from_slice(&fs::read(folder.join("metrics.json")).unwrap()).unwrap();
    assert_eq!(metrics["metadata"]["name"], "quickstart");
    assert_eq!(metrics["metadata"]["protocol"], "held-out selection");
    let recall = metrics["metrics"]["recall@1"].as_f64().unwrap();
    let auroc = metrics["metrics"]["auroc"].as_f64().unwrap();
    // Ten classes: chance is 0.1 and 0.5.
    assert!((0.4..=1.0).contains(&recall), "recall@1 {recall}");
    assert!((0.55..=1.0).contains(&auroc), "AUROC {auroc}");

    let log = fs::read_to_string(folder.join("log.jsonl")).unwrap();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["step"].is_u64());
    }

    // What is said: a plain line for the epoch, the table, and where the report lies.
    assert!(!has_escapes(&run.stdout) && !has_escapes(&run.stderr));
    let epochs: Vec<&str> = run
        .stderr
        .lines()
        .filter(|l| l.starts_with("epoch "))
        .collect();
    assert_eq!(epochs.len(), 1, "{}", run.stderr);
    assert!(epochs[0].starts_with("epoch 1/1  loss ") && epochs[0].ends_with("  best"));
    assert!(
        run.stdout.contains(&format!("{recall:.4}")),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("run/report.html") && run.stdout.contains("run/metrics.json"));
}

#[test]
fn a_finished_run_is_not_touched_and_its_evaluation_can_be_repeated() {
    let world = World::new();
    world.small_config();
    let first = world.run("train small.yaml --epochs 1").code(0);
    let folder = world.path("runs/fashionmnist/small/seed-1");
    let metrics = fs::read(folder.join("metrics.json")).unwrap();
    let log = fs::read(folder.join("log.jsonl")).unwrap();

    let again = world.run("train small.yaml --epochs 1").code(2);
    again
        .says("already holds a finished run")
        .says("--resume keeps its results, --overwrite replaces it");
    let kept = world.run("train small.yaml --epochs 1 --resume").code(0);
    assert_eq!(kept.stdout, first.stdout);
    kept.says("finished before");

    world
        .run("train small.yaml --epochs 1 --resume --set margin=0.5")
        .code(2)
        .says("another configuration (margin: 0.7 there, 0.5 now)");
    world
        .run("train small.yaml --epochs 1 --overwrite --set margin=x")
        .code(2);
    assert_eq!(fs::read(folder.join("metrics.json")).unwrap(), metrics);

    for file in ["metrics.json", "metrics.csv", "report.html"] {
        fs::write(folder.join(file), "spoilt").unwrap();
    }
    fs::remove_file(folder.join("metrics.json")).unwrap();
    let repeated = world.run("eval runs/fashionmnist/small/seed-1").code(0);
    assert_eq!(repeated.stdout, first.stdout);
    assert_eq!(fs::read(folder.join("metrics.json")).unwrap(), metrics);
    assert_eq!(fs::read(folder.join("log.jsonl")).unwrap(), log);
    assert_ne!(fs::read(folder.join("metrics.csv")).unwrap(), b"spoilt");
    assert_ne!(fs::read(folder.join("report.html")).unwrap(), b"spoilt");
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let world = World::new();
    world.small_config();
    let train = |out: &str, more: &str| {
        let arguments = format!("train small.yaml --epochs 1 --out {out} {more}");
        let run = world.run(&arguments).code(0);
        let file = |name: &str| fs::read(world.path(out).join(name)).unwrap();
        (file("metrics.json"), file("log.jsonl"), run)
    };
    let first = train("first", "");
    let mut narrow = world.lam("train small.yaml --epochs 1 --out narrow");
    // Independent of the number of threads as well.
    narrow.env("RAYON_NUM_THREADS", "1");
    crate::common::Run::of(&mut narrow).code(0);
    let narrow = |name: &str| fs::read(world.path("narrow").join(name)).unwrap();
    assert_eq!(narrow("metrics.json"), first.0);
    assert_eq!(narrow("log.jsonl"), first.1);
    let other = train("other", "--seed 2");
    assert_ne!(other.1, first.1);
    assert!(other.2.stdout.contains("seed 2"), "{:?}", other.2);
}

#[test]
fn mixed_precision_reaches_training_and_evaluation() {
    let world = World::new();
    world.small_config();
    let metrics = |out: &str| fs::read(world.path(out).join("metrics.json")).unwrap();
    let losses = |out: &str| {
        let log = fs::read_to_string(world.path(out).join("log.jsonl")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        let losses = lines.filter_map(|line: Value| line["loss"].as_f64());
        losses.collect::<Vec<_>>()
    };
    let train = |out: &str, precision: &str| {
        let set = format!("--out {out} --set precision={precision}");
        world.run(&format!("train small.yaml --epochs 1 {set}"))
    };
    train("full", "full").code(0);
    train("mixed", "mixed").code(0);
    let (full, mixed) = (losses("full"), losses("mixed"));
    // The first step has the same weights; from then on the two go ways of their own.
    let apart = (full[0] - mixed[0]).abs() / full[0];
    assert!(0.0 < apart && apart < 0.02, "{full:?} {mixed:?}");
    let before = metrics("mixed");
    world.run("eval mixed").code(0);
    assert_eq!(metrics("mixed"), before);
    // Whoever names the type is told the key's value.
    train("bf16", "bf16").code(2).says("mixed");
    world
        .run("train small.yaml --epochs 1 --out mixed --resume")
        .code(2)
        .says("precision: mixed there, full now");
}

#[test]
fn quiet_prints_results_only() {
    let world = World::new();
    world.small_config();
    let run = world.run("train small.yaml --epochs 1 --quiet").code(0);
    assert_eq!(run.stderr, "");
    assert!(run.stdout.contains("recall") && run.stdout.contains("report.html"));
}

#[test]
fn eval_needs_a_run() {
    let world = World::new();
    world.write("empty/readme", "");
    for folder in ["empty", "nowhere"] {
        let says = format!("{folder} holds no run (no config.yaml in it)");
        world.run(&format!("eval {folder}")).code(2).says(&says);
    }
}

#[test]
fn two_processes_cannot_share_a_folder() {
    let world = World::new();
    world.small_config();
    let mut long = world.lam("train small.yaml --out run --epochs 1000");
    let begun = world.path("run/checkpoints/last.safetensors");
    let first = Background::until_exists(&mut long, &begun);
    let says = format!("run is in use by another process (process {})", first.id());
    for how in ["", "--resume", "--overwrite"] {
        world
            .run(&format!("train small.yaml --out run --epochs 1000 {how}"))
            .code(1)
            .says(&says);
    }
    world.run("eval run").code(1).says(&says);
}
