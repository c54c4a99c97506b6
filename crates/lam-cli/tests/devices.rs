//! `lam devices` and `--device`.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{World, quickstart};

#[test]
fn the_processor_is_always_there() {
    let world = World::new();
    let run = world.run("devices").code(0);
    assert!(
        run.stdout
            .lines()
            .any(|line| line.trim_start().starts_with("cpu ")),
        "{}",
        run.stdout
    );
    let listed: Value = serde_json::from_str(&world.run("devices --json").code(0).stdout).unwrap();
    let devices = listed["devices"].as_array().unwrap();
    assert!(devices.iter().any(|device| device["device"] == "cpu"));
    let automatic = devices.iter().filter(|device| device["auto"] == true);
    assert_eq!(automatic.count(), 1, "{listed}");
}

/// Whatever a build knows, every interface is listed, or said why it is not.
#[test]
fn what_is_missing_is_said() {
    let world = World::new();
    let listed: Value = serde_json::from_str(&world.run("devices --json").code(0).stdout).unwrap();
    let text = listed.to_string();
    for interface in ["cuda", "metal", "vulkan", "wgpu"] {
        assert!(text.contains(interface), "{interface}: {text}");
    }
    for missing in listed["missing"].as_array().unwrap() {
        let reason = missing["reason"].as_str().unwrap();
        let interface = missing["interface"].as_str().unwrap();
        assert!(reason.contains(interface), "{reason}");
        let device = format!("train {} --device {interface} --out run", quickstart());
        let refused = world.run(&device).code(2);
        let last = refused.stderr.lines().last().unwrap_or_default();
        assert_eq!(last, format!("error: {reason}"), "one sentence");
    }
}

#[test]
fn a_name_that_is_none_is_refused_with_those_there_are() {
    let world = World::new();
    for name in ["gpu", "cuda:x", "cpu:1", "wgpu:-1"] {
        let refused = world
            .run(&format!("train {} --device {name} --out run", quickstart()))
            .code(2);
        assert!(
            refused.stderr.contains("cuda, metal, vulkan, wgpu"),
            "{}",
            refused.stderr
        );
    }
    let refused = world
        .run(&format!(
            "train {} --set device=gpu --out run",
            quickstart()
        ))
        .code(2);
    assert!(refused.stderr.contains("auto"), "{}", refused.stderr);
}

/// A number that no machine has: one sentence, whichever interfaces the build knows.
#[test]
fn a_device_that_is_not_there_is_refused() {
    let world = World::new();
    let refused = world
        .run(&format!(
            "train {} --device wgpu:999 --out run",
            quickstart()
        ))
        .code(2);
    assert!(
        refused.stderr.contains("wgpu:999") || refused.stderr.contains("no wgpu device"),
        "{}",
        refused.stderr
    );
}

/// The device that the tests below are run on, as `--device` takes it.
fn other_device() -> String {
    std::env::var("LAM_TEST_DEVICE").expect("LAM_TEST_DEVICE names a device, as in wgpu:0")
}

fn metrics(path: &Path) -> BTreeMap<String, f64> {
    let text = fs::read_to_string(path.join("metrics.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let values = all["metrics"].as_object().unwrap();
    values
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)))
        .collect()
}

/// The losses of the log, step by step.
fn losses(path: &Path) -> Vec<f64> {
    let text = fs::read_to_string(path.join("log.jsonl")).unwrap();
    let lines = text.lines().map(serde_json::from_str::<Value>);
    lines
        .filter_map(|line| {
            let line = line.unwrap();
            (line["event"] == "step").then(|| line["loss"].as_f64().unwrap())
        })
        .collect()
}

/// A model that was trained on a device is evaluated there as on the processor: the same weight samples, and sums in
/// another order.
#[test]
#[ignore = "needs another device, scripts/test-device has it"]
fn device_quickstart_is_evaluated_alike_on_the_processor() {
    let world = World::new();
    let device = other_device();
    let train = format!(
        "train {} --epochs 1 --device {device} --out run",
        quickstart()
    );
    world.run(&train).code(0);
    let there = metrics(&world.path("run"));
    world.run("eval run --device cpu").code(0);
    let here = metrics(&world.path("run"));
    assert_eq!(there.len(), here.len());
    assert!(there["recall@1"] > 0.5, "{there:?}");
    for (name, value) in &there {
        let difference = (value - here[name]).abs();
        // A query in some thousand may have another nearest neighbour, or another vote.
        assert!(
            difference <= 1e-3 * value.abs().max(1.0),
            "{name}: {value} there, {} here",
            here[name]
        );
    }
}

/// Without noise, which each kind of device draws for itself, training begins alike. It parts soon: RMSprop divides a gradient
/// by its own size, so one that is 0 but for rounding moves its weight by a whole step, either way.
#[test]
#[ignore = "needs another device, scripts/test-device has it"]
fn device_training_follows_the_processor() {
    let world = World::new();
    let device = other_device();
    let config = world.small_config();
    let train = |device: &str, out: &str| {
        let config = config.display();
        let words = format!(
            "train {config} --set model=deterministic --epochs 1 --device {device} --out {out}"
        );
        world.run(&words).code(0);
        losses(&world.path(out))
    };
    let (there, here) = (train(&device, "there"), train("cpu", "here"));
    assert_eq!(there.len(), here.len());
    assert!(here.len() >= 10);
    for (step, (there, here)) in there.iter().zip(&here).take(5).enumerate() {
        assert!(
            (there - here).abs() <= 1e-3 * here,
            "step {step}: {there} there, {here} here"
        );
    }
}

/// Methods with noise of their own take their steps there, and the same ones again.
#[test]
#[ignore = "needs another device, scripts/test-device has it"]
fn device_noise_is_a_function_of_the_seed() {
    let world = World::new();
    let device = other_device();
    let config = world.small_config();
    for model in ["laplace_online", "mc_dropout", "hib"] {
        let rate = if model == "mc_dropout" { 0.05 } else { 0.0 };
        let train = |epochs: usize, out: &str| {
            let config = config.display();
            world
                .run(&format!(
                    "train {config} --set model={model} --set dropout_rate={rate} --set test_n_samples=4 --epochs {epochs} --device {device} --out {out}"
                ))
                .code(0);
            metrics(&world.path(out))
        };
        let whole = train(2, &format!("{model}-whole"));
        assert!(whole.values().all(|value| value.is_finite()), "{whole:?}");
        let again = train(2, &format!("{model}-again"));
        assert_eq!(whole, again, "{model}: the same seed, the same result");
    }
}
