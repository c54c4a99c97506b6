//! `lam eval --risk`: which answers to accept.

use std::fs;

use crate::common::{Run, World};
use serde_json::Value;

/// A trained run in `run`, of 63 held-out and 200 test images.
fn trained(extra: &str) -> World {
    let world = World::new();
    world.small_config();
    world
        .run(&format!("train small.yaml --out run --epochs 1 {extra}"))
        .code(0);
    world
}

fn json(world: &World, file: &str) -> Value {
    serde_json::from_slice(&fs::read(world.path(file)).unwrap()).unwrap()
}

fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap()
}

#[test]
fn the_threshold_is_certified_reported_and_repeatable() {
    let world = trained("");
    let metrics = fs::read(world.path("run/metrics.json")).unwrap();
    let eval = "eval run --risk 0.7 --confidence 0.8";
    let Run { stdout, .. } = world.run(eval).code(0);
    for part in [
        "Accepted is",
        "test, among themselves",
        "With probability 0.8",
        "promised to accept most",
        "Conformal risk control",
        "takes for granted",
    ] {
        assert!(stdout.contains(part), "no '{part}' in {stdout}");
    }
    let risk = json(&world, "run/risk.json");
    let held_out = number(&risk, "/held_out/queries");
    assert_eq!((held_out, number(&risk, "/planned_on")), (47.0, 16.0));
    assert_eq!(number(&risk, "/test/queries"), 200.0);
    assert!(number(&risk, "/held_out/accepted") > 0.0);
    assert!(number(&risk, "/held_out/risk") <= number(&risk, "/upper_bound"));
    assert!(number(&risk, "/upper_bound") <= 0.7);
    for set in ["held_out", "test", "test_in_held_out_gallery"] {
        let of = |name: &str| number(&risk, &format!("/{set}/{name}"));
        assert_eq!(of("coverage"), of("accepted") / of("queries"));
        assert_eq!(of("risk"), of("wrong") / of("accepted"));
    }
    for file in [
        "run/figures/risk_coverage.svg",
        "run/figures/risk_coverage.png",
    ] {
        assert!(world.path(file).is_file(), "{file}");
    }
    let report = fs::read_to_string(world.path("run/report.html")).unwrap();
    assert!(report.contains("Which answers to accept"));

    // The metrics are those of the run, and everything is the same again.
    assert_eq!(metrics, fs::read(world.path("run/metrics.json")).unwrap());
    let first = fs::read(world.path("run/risk.json")).unwrap();
    world.run(eval).code(0);
    assert_eq!(first, fs::read(world.path("run/risk.json")).unwrap());

    // Each score can be asked for.
    for score in ["uncertainty", "confidence", "distance"] {
        let Run { stdout, .. } = world.run(&format!("{eval} --score {score}")).code(0);
        assert!(stdout.contains("as asked for"), "{stdout}");
        assert_eq!(json(&world, "run/risk.json")["score"], score);
    }

    // 47 answers cannot show a risk of 5 %: that takes 59. This is an answer, not an error.
    let Run { stdout, .. } = world.run("eval run --risk 0.05").code(0);
    assert!(stdout.contains("Nothing can be accepted"), "{stdout}");
    assert!(stdout.contains("at least 59"), "{stdout}");
    let risk = json(&world, "run/risk.json");
    assert_eq!(risk["accepts"], "nothing");
    assert_eq!(number(&risk, "/test/coverage"), 0.0);
    assert!(risk["threshold"].is_null() && risk["test"]["risk"].is_null());
}

#[test]
fn a_run_that_selected_on_the_test_set_is_refused() {
    let world = trained("--set selection=test");
    world
        .run("eval run --risk 0.5")
        .code(2)
        .says("--risk needs held-out images")
        .says("selection=held_out");
    assert!(!world.path("run/risk.json").exists());
}

#[test]
fn a_method_without_uncertainty_has_its_distances() {
    let world = trained("--set model=deterministic");
    let metrics = json(&world, "run/metrics.json");
    let has = |score: &str| metrics["metrics"][format!("baseline.{score}.auroc")].is_number();
    assert!(has("feature_norm") && has("neighbour_distance"));
    assert!(!has("isotropic") && !has("output_spread"));
    let Run { stdout, .. } = world.run("eval run --risk 0.7 --confidence 0.8").code(0);
    assert!(stdout.contains("Score: distance"), "{stdout}");
    for score in ["uncertainty", "confidence"] {
        world
            .run(&format!("eval run --risk 0.5 --score {score}"))
            .code(2)
            .says("use --score distance");
    }
}

#[test]
fn impossible_risks_are_wrong_use() {
    let world = World::new();
    for bad in ["0", "1", "-0.1", "1.5", "NaN", "inf"] {
        world
            .run(&format!("eval run --risk {bad}"))
            .code(2)
            .says("the risk is");
        world
            .run(&format!("eval run --risk 0.05 --confidence {bad}"))
            .code(2)
            .says("the confidence is");
    }
    world.run("eval run --risk lots").code(2);
    world
        .run("eval run --score distance")
        .code(2)
        .says("--risk");
    world.run("eval run --risk 0.05").code(2).says("run");
}

#[test]
fn other_scores_stand_in_every_result() {
    let world = trained("");
    let metrics = json(&world, "run/metrics.json");
    for score in [
        "isotropic",
        "feature_norm",
        "neighbour_distance",
        "output_spread",
    ] {
        for figure in ["auroc", "auprc", "ausc", "r_auroc"] {
            let name = format!("baseline.{score}.{figure}");
            let value = metrics["metrics"][&name].as_f64();
            assert!(value.is_some_and(|v| (0.0..=1.0).contains(&v)), "{name}");
        }
    }
    let csv = fs::read_to_string(world.path("run/metrics.csv")).unwrap();
    assert!(csv.contains(",baseline.neighbour_distance.auroc,"));
    let report = fs::read_to_string(world.path("run/report.html")).unwrap();
    assert!(report.contains("Other scores beside it"));
    let Run { stdout, .. } = world.run("eval run").code(0);
    assert!(stdout.contains("Other scores beside it"));
    assert!(stdout.contains("neighbour distance"), "{stdout}");
}
