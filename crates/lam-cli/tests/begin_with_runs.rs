//! Methods that begin with trained runs, and calibration after training.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;

use crate::common::World;
use serde_json::Value;

fn metric(run: &Path, name: &str) -> f64 {
    let text = fs::read_to_string(run.join("metrics.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    json["metrics"][name].as_f64().unwrap_or(f64::NAN)
}

/// The small configuration with another method.
fn config(world: &World, name: &str, lines: &str) {
    let small = fs::read_to_string(world.small_config()).unwrap();
    let kept: String = small
        .lines()
        .filter(|line| !line.starts_with("model"))
        .flat_map(|line| [line, "\n"])
        .collect();
    world.write(name, format!("{kept}{lines}"));
}

#[test]
fn post_hoc_begins_with_the_deterministic_run_and_keeps_its_retrieval() {
    let world = World::new();
    config(&world, "deterministic.yaml", "model: deterministic\n");
    config(
        &world,
        "posthoc.yaml",
        "model: laplace_posthoc\nresume: ../nowhere/deterministic\n",
    );

    world
        .run("train posthoc.yaml")
        .code(2)
        .says("begins with a trained deterministic run")
        .says("deterministic.yaml --seed 1");
    world.run("train deterministic.yaml").code(0);
    world
        .run("train posthoc.yaml --resume")
        .code(0)
        .says("begins with runs/fashionmnist/deterministic/seed-1/checkpoints/");

    let trained = world.path("runs/fashionmnist/deterministic/seed-1");
    let fitted = world.path("runs/fashionmnist/posthoc/seed-1");
    assert!(metric(&fitted, "auroc").is_finite());
    assert!(metric(&trained, "auroc").is_nan());
    // Under a prior that leaves no room, the mean is the trained model.
    world
        .run("train posthoc.yaml --set prior_prec=1e20 --out tight")
        .code(0);
    for name in ["map@5", "recall@1"] {
        let (before, after) = (metric(&trained, name), metric(&world.path("tight"), name));
        assert!((before - after).abs() < 1e-3, "{name}: {before} {after}");
    }

    // Another seed holds out other images: the run of seed 1 has seen them.
    world
        .run("train posthoc.yaml --seed 2 --set resume=runs/fashionmnist/deterministic/seed-1")
        .code(2)
        .says("has seen images that this run holds out");
}

/// With one choice of held-out images for all, a threshold chosen on them is about images that no member knows.
#[test]
fn members_that_hold_out_the_same_images_say_nothing() {
    let world = World::new();
    config(&world, "deterministic.yaml", "model: deterministic\n");
    let ensemble =
        "model: deep_ensemble\ntrain: false\nseeds: [1, 2]\nresume: ../nowhere/members\n";
    config(&world, "apart.yaml", ensemble);
    config(
        &world,
        "same.yaml",
        &format!("{ensemble}held_out_seed: 7\n"),
    );
    let seen = "members were trained on images that this run holds out";
    let risk = "--risk 0.7 --confidence 0.8";
    for (name, warned) in [("apart", true), ("same", false)] {
        let train = format!("train {name}.yaml --train-members --set log_dir={name}");
        let trained = world.run(&train).code(0);
        assert_eq!(trained.stderr.contains(seen), warned, "{}", trained.stderr);
        let run = format!("{name}/fashionmnist/{name}/seed-1");
        let judged = world.run(&format!("eval {run} {risk}")).code(0);
        assert_eq!(judged.stderr.contains(seen), warned, "{}", judged.stderr);
    }
}

#[test]
fn an_ensemble_trains_the_members_it_lacks() {
    let world = World::new();
    config(&world, "deterministic.yaml", "model: deterministic\n");
    config(
        &world,
        "ensemble.yaml",
        "model: deep_ensemble\ntrain: false\nseeds: [1, 2]\nresume: ../nowhere/deterministic\n",
    );
    world.run("train deterministic.yaml --seed 2").code(0);
    world
        .run("train ensemble.yaml")
        .code(2)
        .says("no finished deterministic run of seed 1 in")
        .says("--train-members");
    world
        .run("train ensemble.yaml --set seeds=[1,2,3] --out three")
        .code(2)
        .says("no finished deterministic run of seed 1, 3 in");
    world
        .run("train ensemble.yaml --train-members --resume")
        .code(0)
        .says("member 1 of 1, seed 1")
        .says("1 of 2 members were trained on images that this run holds out");
    let run = world.path("runs/fashionmnist/ensemble/seed-1");
    // Validated once, on held-out images, as it is.
    let log = fs::read_to_string(run.join("log.jsonl")).unwrap();
    let log: Vec<Value> = log
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(log.len(), 1);
    assert_eq!(
        (&log[0]["event"], &log[0]["epoch"]),
        (&"validation".into(), &0.into())
    );
    assert!(log[0]["map@5"].as_f64().unwrap() != metric(&run, "map@5"));
    assert!(metric(&run, "recall@1").is_finite() && metric(&run, "auroc").is_finite());

    // One run cannot stand for every member.
    let one = "runs/fashionmnist/deterministic/seed-2";
    world
        .run(&format!(
            "train ensemble.yaml --out same --set resume={one}"
        ))
        .code(2)
        .says("it has seed 2, expected seed 1");

    let first = fs::read(run.join("metrics.json")).unwrap();
    // The members are part of the ensemble's checkpoint.
    fs::remove_dir_all(world.path("runs/fashionmnist/deterministic")).unwrap();
    world.run("eval runs/fashionmnist/ensemble/seed-1").code(0);
    assert_eq!(first, fs::read(run.join("metrics.json")).unwrap());

    world
        .run("train deterministic.yaml --train-members")
        .code(2)
        .says("only deep_ensemble has members");
}

#[test]
fn calibration_lowers_the_error_and_is_kept_with_the_model() {
    let world = World::new();
    world.small_config();
    world.run("train small.yaml").code(0);
    let run = world.path("runs/fashionmnist/small/seed-1");
    let before = metric(&run, "ece");
    assert!(metric(&run, "temperature").is_nan());

    world
        .run("eval runs/fashionmnist/small/seed-1 --calibrate")
        .code(0)
        .says("held-out images");
    let calibrated = fs::read(run.join("metrics.json")).unwrap();
    assert_eq!(metric(&run, "ece_uncalibrated"), before);
    assert!(metric(&run, "temperature") != 1.0);
    assert!(
        metric(&run, "ece") < before,
        "{} {before}",
        metric(&run, "ece")
    );

    world.run("eval runs/fashionmnist/small/seed-1").code(0);
    assert_eq!(calibrated, fs::read(run.join("metrics.json")).unwrap());

    // The same by configuration, in one go.
    world
        .run("train small.yaml --set calibrate=temperature --out once")
        .code(0);
    for name in ["ece", "temperature", "auroc"] {
        assert_eq!(metric(&run, name), metric(&world.path("once"), name));
    }
    world
        .run("train small.yaml --set calibrate=temperature --set selection=test --out never")
        .code(2)
        .says("nothing out to calibrate on");
}

#[test]
fn a_head_of_two_layers_trains_and_is_fitted_after_training() {
    let world = World::new();
    let head = "head: [6]\nhead_activation: relu\n";
    config(
        &world,
        "deterministic.yaml",
        &format!("model: deterministic\n{head}"),
    );
    config(
        &world,
        "posthoc.yaml",
        &format!(
            "model: laplace_posthoc\nresume: ../nowhere/deterministic\noptimize_prior_prec: true\n{head}"
        ),
    );
    config(
        &world,
        "online.yaml",
        &format!("model: laplace_online\n{head}"),
    );
    for name in ["deterministic", "posthoc", "online"] {
        world.run(&format!("train {name}.yaml")).code(0);
    }
    for name in ["posthoc", "online"] {
        let run = world.path(&format!("runs/fashionmnist/{name}/seed-1"));
        assert!(metric(&run, "auroc").is_finite(), "{name}");
    }
}

#[test]
fn a_posterior_that_would_not_fit_is_refused_with_its_size() {
    let world = World::new();
    config(
        &world,
        "full.yaml",
        "model: laplace_posthoc\nposterior: full\nresume: ../nowhere/deterministic\n",
    );
    // P = 3 · (9216 + 1)
    world
        .run("train full.yaml")
        .code(2)
        .says("P = 36868")
        .says("posterior: block, kron or diag");
}

/// A run on random features begins on the backbone of one without; what is fitted after training needs the very head.
#[test]
fn random_features_begin_on_a_trained_backbone() {
    let world = World::new();
    let map = "random_features: 24\nlength_scale: 0.8\n";
    let resumed = |from: &str| format!("resume: ../nowhere/{from}\n");
    let write = |name: &str, lines: &str| config(&world, &format!("{name}.yaml"), lines);
    write("plain", "model: deterministic\n");
    write(
        "mapped",
        &format!("model: deterministic\n{map}{}", resumed("plain")),
    );
    write(
        "kron",
        &format!(
            "model: laplace_posthoc\nposterior: kron\n{map}{}",
            resumed("mapped")
        ),
    );
    write(
        "wrong",
        &format!("model: laplace_posthoc\n{map}{}", resumed("plain")),
    );
    world.run("train plain.yaml").code(0);
    world
        .run("train mapped.yaml")
        .code(0)
        .says("the head on random features begins with random weights");
    world.run("train kron.yaml").code(0);
    world
        .run("train wrong.yaml")
        .code(2)
        .says("plain/seed-1/checkpoints/")
        .says("head.random_features.projection");
    let run = world.path("runs/fashionmnist/kron/seed-1");
    for name in [
        "auroc",
        "baseline.isotropic.auroc",
        "baseline.output_spread.auroc",
    ] {
        assert!(metric(&run, name).is_finite(), "{name}");
    }
    // Read back from its checkpoint it is the same model.
    let before = metric(&run, "auroc");
    world.run("eval runs/fashionmnist/kron/seed-1").code(0);
    assert_eq!(metric(&run, "auroc"), before);

    // With another number for an image's uncertainty, unknown images are found by that and all else stays.
    world
        .run("train kron.yaml --set uncertainty=output --out output")
        .code(0);
    let output = world.path("output");
    for (this, other) in [
        ("baseline.embedding_spread.auroc", "auroc"),
        ("baseline.embedding_spread.ausc", "ausc"),
        ("auroc", "baseline.output_spread.auroc"),
        ("auprc", "baseline.output_spread.auprc"),
        ("ausc", "ausc"),
        ("r_auroc", "r_auroc"),
        ("ece", "ece"),
    ] {
        assert_eq!(metric(&output, this), metric(&run, other), "{this}");
    }
    assert!(metric(&output, "auroc") != before);
    world.run("embed output fashionmnist:test -o e.npy").code(0);
    let embedded = lam_data::read_embeddings(&world.path("e.npy")).unwrap();
    let rows = embedded.read(0..embedded.rows()).unwrap();
    let added_up: f64 = rows.sigma.unwrap()[..embedded.dim()]
        .iter()
        .map(|&s| f64::from(s))
        .sum();
    let given = rows.uncertainty.unwrap()[0];
    assert!(
        given > 0.0 && (given - added_up).abs() > 1e-3 * added_up,
        "{given} {added_up}"
    );
    assert!(metric(&run, "baseline.embedding_spread.auroc").is_nan());
}
