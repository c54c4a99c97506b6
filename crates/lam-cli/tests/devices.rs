//! `lam devices` and `--device`.
use serde_json::Value;

use crate::common::{World, quickstart};

#[test]
fn the_processor_is_always_there() {
    let world = World::new();
    let run = world.run("devices").code(0);
    assert!(
        run.stdout.lines().any(|line| line.starts_with("cpu ")),
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
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
        assert_eq!(
            refused.stderr.trim().lines().count(),
            1,
            "{}",
            refused.stderr
        );
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
