//! `lam embed`: rows in order, in three formats, in parts, and after a kill.

use std::fs;

use lam_data::{Embeddings, read_embeddings};

use crate::common::retrieval::{picture, trained};
use crate::common::{Background, Run, World};

fn open(world: &World, name: &str) -> Embeddings {
    read_embeddings(&world.path(name)).unwrap()
}

fn means(embeddings: &Embeddings) -> Vec<f32> {
    embeddings.read(0..embeddings.rows()).unwrap().mean
}

#[test]
fn every_format_holds_the_same_rows_in_the_order_of_the_source() {
    let world = trained();
    for name in ["e.parquet", "e.npy", "e.safetensors"] {
        world
            .run(&format!("embed run fashionmnist:test -o {name}"))
            .code(0);
    }
    let first = open(&world, "e.parquet");
    assert_eq!((first.rows(), first.dim()), (200, 4));
    assert_eq!(first.ids[7], "fashionmnist/test/007");
    let rows = first.read(0..200).unwrap();
    for (row, sigma) in rows
        .mean
        .chunks_exact(4)
        .zip(rows.sigma.as_ref().unwrap().chunks_exact(4))
    {
        let length: f32 = row.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-4);
        assert!(sigma.iter().all(|sigma| sigma.is_finite() && *sigma > 0.0));
    }
    // The scalar is the sum of the deviations.
    let uncertainty = rows.uncertainty.as_ref().unwrap();
    for (scalar, sigma) in uncertainty
        .iter()
        .zip(rows.sigma.as_ref().unwrap().chunks_exact(4))
    {
        let sum: f64 = sigma.iter().map(|&sigma| f64::from(sigma)).sum();
        assert!((scalar - sum).abs() < 1e-9);
    }
    let labels = first.labels.as_ref().unwrap();
    let classes: Vec<&str> = labels
        .labels
        .iter()
        .map(|&l| labels.class_names[l as usize].as_str())
        .collect();
    assert!(classes.contains(&"Sneaker"), "{classes:?}");
    for name in ["e.npy", "e.safetensors"] {
        let other = open(&world, name);
        assert_eq!(other.ids, first.ids);
        assert_eq!(other.model, first.model);
        assert_eq!(other.read(0..200).unwrap().mean, rows.mean);
        assert_eq!(other.read(0..200).unwrap().sigma, rows.sigma);
    }
}

#[test]
fn shards_are_the_whole_in_pieces() {
    let world = trained();
    world
        .run("embed run fashionmnist:test -o whole.parquet")
        .code(0);
    let whole = open(&world, "whole.parquet");
    let (mut ids, mut all) = (Vec::new(), Vec::new());
    for shard in 1..=3 {
        let name = format!("s{shard}.parquet");
        world
            .run(&format!(
                "embed run fashionmnist:test -o {name} --shard {shard}/3"
            ))
            .code(0);
        let part = open(&world, &name);
        ids.extend(part.ids.clone());
        all.extend(means(&part));
    }
    assert_eq!(ids, whole.ids);
    // Batches begin elsewhere: sums are rounded in another order.
    let far = means(&whole)
        .iter()
        .zip(&all)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(far < 1e-5, "{far}");
    for wrong in ["0/3", "4/3", "3", "a/b"] {
        world
            .run(&format!(
                "embed run fashionmnist:test -o x.npy --shard {wrong}"
            ))
            .code(2)
            .says("3/16");
    }
}

#[test]
fn a_killed_command_goes_on_to_the_same_file() {
    let world = trained();
    world.run("embed run sample:test -o whole.npy").code(0);
    let arguments = "embed run sample:test -o part.npy";
    let mut command = world.lam(arguments);
    drop(Background::until_exists(
        &mut command,
        &world.path("part.npy.partial"),
    ));
    assert!(!world.path("part.npy").exists());
    world.run(&format!("{arguments} --resume")).code(0);
    for ending in [
        "npy",
        "sigma.npy",
        "uncertainty.npy",
        "labels.npy",
        "ids.txt",
    ] {
        let [whole, part] = ["whole", "part"]
            .map(|stem| fs::read(world.path(&format!("{stem}.{ending}"))).unwrap());
        // Batches end where the portions on disk end, so that even the rounding is the same.
        assert!(whole == part, "{ending}");
    }
    assert!(!world.path("part.npy.partial").exists());
    // Another source does not go on with it.
    fs::write(world.path("part.npy.partial"), b"").unwrap();
    world
        .run("embed run sample:test -o part.npy --resume")
        .code(0);
}

#[test]
fn paths_on_standard_input_and_a_picture_that_cannot_be_read() {
    use std::io::Write;
    use std::process::Stdio;
    let world = trained();
    let mut names = Vec::new();
    for number in 0..120 {
        let name = format!("pictures/{number:03}.png");
        world.write(&name, picture([number as u8, 90, 200]));
        names.push(name);
    }
    world.write("pictures/050.png", b"no picture");
    let mut child = world
        .lam("embed run - -o e.parquet")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = names.join("\n");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    run.code(0).says("pictures/050.png");
    let embeddings = open(&world, "e.parquet");
    names.remove(50);
    assert_eq!(embeddings.ids, names);
    assert!(embeddings.labels.is_none());
}

#[test]
fn what_cannot_be_embedded_is_said() {
    let world = trained();
    world
        .run("embed nowhere fashionmnist:test -o x.npy")
        .code(2)
        .says("nowhere");
    world
        .run("embed run fashionmnst:test -o x.npy")
        .code(2)
        .says("fashionmnist");
    world
        .run("embed run fashionmnist:all -o x.npy")
        .code(1)
        .says("train, test, or validation");
    world
        .run("embed run no/such/folder -o x.npy")
        .code(1)
        .says("no/such/folder");
    world
        .run("embed run fashionmnist:test -o x.txt")
        .code(1)
        .says(".parquet");
    world.write("v.npy", b"no array");
    world.run("embed run v.npy -o x.npy").code(1).says("v.npy");
    fs::remove_file(world.path("run/metrics.json")).unwrap();
    world
        .run("embed run fashionmnist:test -o x.npy")
        .code(2)
        .says("no finished run");
}
