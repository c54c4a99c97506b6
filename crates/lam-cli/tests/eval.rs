//! `lam eval` on runs that are not finished.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::process::{Command, Output};

fn lam(arguments: &[&str]) -> Output {
    let configs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs");
    Command::new(env!("CARGO_BIN_EXE_lam"))
        .current_dir(configs)
        .args(arguments)
        .output()
        .unwrap()
}

fn train(out: &Path, extra: &[&str]) -> Output {
    let mut arguments = vec!["train", "quickstart.yaml", "--out", out.to_str().unwrap()];
    arguments.extend(["--set", "batch_size=512", "--set", "test_n_samples=5"]);
    arguments.extend(extra);
    lam(&arguments)
}

#[test]
fn a_run_that_was_interrupted_is_not_marked_as_finished() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    assert!(train(&out, &["--epochs", "0"]).status.success());
    // The state of a run that was killed in its first epoch.
    std::fs::remove_file(out.join("metrics.json")).unwrap();
    let config = std::fs::read_to_string(out.join("config.yaml")).unwrap();
    std::fs::write(
        out.join("config.yaml"),
        config.replace("epochs: 0", "epochs: 2"),
    )
    .unwrap();

    let refused = lam(&["eval", out.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(
        message.contains("0 of 2 epochs") && message.contains("--resume"),
        "{message}"
    );
    assert!(!out.join("metrics.json").exists());
}

/// An evaluation ranks as its configuration says; the spread itself, and so what is told from unknown images, stays.
#[test]
fn neighbours_can_be_those_of_the_expected_distance() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    assert!(train(&out, &["--epochs", "1"]).status.success());
    let metrics = || -> serde_json::Value {
        let text = std::fs::read_to_string(out.join("metrics.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let plain = metrics();
    let config = std::fs::read_to_string(out.join("config.yaml")).unwrap();
    assert!(config.contains("ranking: distance"));
    std::fs::write(
        out.join("config.yaml"),
        config.replace("ranking: distance", "ranking: expected"),
    )
    .unwrap();
    assert!(lam(&["eval", out.to_str().unwrap()]).status.success());
    let expected = metrics();
    let of = |metrics: &serde_json::Value, name: &str| metrics["metrics"][name].as_f64().unwrap();
    assert_eq!(of(&plain, "auroc"), of(&expected, "auroc"));
    assert_eq!(of(&plain, "ece"), of(&expected, "ece"));
    assert_ne!(of(&plain, "map@20"), of(&expected, "map@20"));
    assert!((of(&plain, "recall@1") - of(&expected, "recall@1")).abs() < 0.1);
}

#[test]
fn moments_can_take_the_place_of_samples() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = |predictive: &str| {
        let out = folder.path().join(predictive);
        let set = format!("predictive={predictive}");
        assert!(
            train(&out, &["--epochs", "1", "--set", &set])
                .status
                .success()
        );
        std::fs::read_to_string(out.join("metrics.json")).unwrap()
    };
    let value = |json: &str, name: &str| -> f64 {
        let line = json
            .lines()
            .find(|line| line.contains(&format!("\"{name}\"")))
            .unwrap();
        line.split(':')
            .nth(1)
            .unwrap()
            .trim()
            .trim_end_matches(',')
            .parse()
            .unwrap()
    };
    let (sampled, analytic) = (metrics("sampled"), metrics("analytic"));
    assert_ne!(sampled, analytic);
    for name in ["recall@1", "auroc"] {
        let (s, a) = (value(&sampled, name), value(&analytic, name));
        assert!(
            (s - a).abs() < 0.15,
            "{name}: {s} by five samples, {a} by moments"
        );
    }
}
