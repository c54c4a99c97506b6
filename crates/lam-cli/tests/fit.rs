//! `lam fit` on files as people have them.

use std::fs;

use lam_data::{EmbeddingHeader, EmbeddingRows, EmbeddingWriter};

use crate::common::World;

/// `NAME.npy` with `rows` vectors of 12 numbers around one centre a class, and `NAME.txt` with their classes.
pub fn vectors(world: &World, name: &str, rows: usize, seed: usize) {
    let values = values(rows, seed);
    write_npy(world, name, &values, rows);
    let labels: String = (0..rows)
        .map(|row| format!("class {}\n", row % 5))
        .collect();
    world.write(&format!("{name}.txt"), labels);
}

fn values(rows: usize, seed: usize) -> Vec<f32> {
    let number = |n: usize| (n as f32 * 12.9898).sin() * 43_758.547;
    let noise = |n: usize| number(n).fract();
    (0..rows * 12)
        .map(|at| {
            let (row, column) = (at / 12, at % 12);
            noise(row % 5 * 100 + column) + 0.6 * noise(1000 + seed * 100_000 + at)
        })
        .collect()
}

fn write_npy(world: &World, name: &str, values: &[f32], rows: usize) {
    let size = values.len() / rows.max(1);
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {size}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    world.write(&format!("{name}.npy"), bytes);
}

#[test]
fn two_files_become_a_run() {
    let world = World::new();
    vectors(&world, "x", 200, 1);
    let run = world
        .run("fit x.npy x.txt -o run --latent-dim 4 --epochs 2")
        .code(0);
    assert!(run.stdout.contains("recall"), "{run:#?}");
    for file in [
        "config.yaml",
        "metrics.json",
        "report.html",
        "checkpoints/best.safetensors",
        "head/metrics.json",
    ] {
        assert!(world.path("run").join(file).is_file(), "{file}");
    }
    let first = fs::read_to_string(world.path("run/metrics.json")).unwrap();
    world.run("eval run").code(0);
    assert_eq!(
        fs::read_to_string(world.path("run/metrics.json")).unwrap(),
        first
    );
    // Once more into the same folder is refused, going on with it is not, and replacing it gives the same.
    world
        .run("fit x.npy x.txt -o run --latent-dim 4 --epochs 2")
        .code(2);
    world
        .run("fit x.npy x.txt -o run --latent-dim 4 --epochs 2 --resume")
        .code(0);
    world
        .run("fit x.npy x.txt -o run --latent-dim 4 --epochs 2 --overwrite")
        .code(0);
    assert_eq!(
        fs::read_to_string(world.path("run/metrics.json")).unwrap(),
        first
    );
}

#[test]
fn a_configuration_alone_trains_and_evaluates() {
    let world = World::new();
    vectors(&world, "x", 200, 1);
    vectors(&world, "t", 60, 2);
    world.write(
        "mine.yaml",
        "model: laplace_online\ndataset: x.npy\nlabels: x.txt\ntest_features: t.npy\ntest_labels: t.txt\n\
         ood_dataset: ./t.npy\nlatent_dim: 4\nepochs: 1\nbatch_size: 20\nlr: 1.0e-5\nloss: arccos\nloss_approx: fix\n\
         test_n_samples: 10\n",
    );
    world.run("train mine.yaml").code(0);
    let metrics = fs::read_to_string(world.path("runs/x/mine/seed-1/metrics.json")).unwrap();
    assert!(metrics.contains("auroc"), "{metrics}");
    world.run("eval runs/x/mine/seed-1 --calibrate").code(0);
}

#[test]
fn a_table_holds_vectors_and_labels() {
    let world = World::new();
    let rows = 150;
    let mean = values(rows, 1);
    for name in ["x.parquet", "x.safetensors"] {
        let header = EmbeddingHeader {
            rows,
            dim: 12,
            spread: true,
            class_names: Some((0..5).map(|class| format!("kind {class}")).collect()),
            model: None,
        };
        let mut writer = EmbeddingWriter::create(&world.path(name), header).unwrap();
        let ids: Vec<String> = (0..rows).map(|row| format!("{row}.jpg")).collect();
        let labels: Vec<u32> = (0..rows as u32).map(|row| row % 5).collect();
        let uncertainty = vec![0.0; rows];
        let rows = EmbeddingRows {
            ids: &ids,
            labels: Some(&labels),
            mean: &mean,
            sigma: Some(&mean),
            uncertainty: Some(&uncertainty),
        };
        writer.append(&rows).unwrap();
        writer.finish().unwrap();
    }
    let identity = "--identity-head --no-calibrate --batch-size 16 --quiet";
    let of = |run: &str| fs::read_to_string(world.path(run).join("metrics.csv")).unwrap();
    let values = |csv: String| {
        csv.lines()
            .nth(1)
            .unwrap()
            .split(',')
            .skip(7)
            .collect::<Vec<_>>()
            .join(",")
    };
    world.run(&format!("fit x.parquet -o p {identity}")).code(0);
    world
        .run(&format!("fit x.safetensors:mean -o s {identity}"))
        .code(0);
    assert_eq!(values(of("p")), values(of("s")));
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let world = World::new();
    vectors(&world, "x", 200, 1);
    let x = values(200, 1);
    let fails = |arguments: &str, code: i32, says: &str| {
        world
            .run(&format!("fit {arguments} -o out"))
            .code(code)
            .says(says);
        assert!(!world.path("out/config.yaml").exists(), "{arguments}");
        let _ = fs::remove_dir_all(world.path("out"));
    };
    fails("x.npy", 1, "no labels");
    fails("x.txt", 2, "no file of vectors");
    fails("y.npy x.txt", 1, "y.npy: reading failed");
    fails(
        "x.npy x.txt x.txt",
        2,
        "'labels' has 2 files and 'dataset' 1",
    );
    world.write("few.txt", "a\nb\n");
    fails("x.npy few.txt", 1, "few.txt: 2 rows, but x.npy has 200");
    world.write("more.txt", "a\n".repeat(201));
    fails("x.npy more.txt", 1, "more.txt: 201 rows");
    world.write("one.txt", "a\n".repeat(200));
    fails("x.npy one.txt", 1, "rows of one class only");
    world.write(
        "own.txt",
        (0..200).map(|row| format!("{row}\n")).collect::<String>(),
    );
    fails("x.npy own.txt", 1, "a class of its own for every row");
    write_npy(&world, "equal", &[0.5; 2400], 200);
    fails(
        "equal.npy x.txt --identity-head",
        1,
        "the same vector in every row",
    );
    write_npy(&world, "three", &x[..36], 3);
    world.write("three.txt", "a\na\nb\n");
    fails("three.npy three.txt --identity-head", 2, "held-out images");
    fails("x.npy x.txt --identity-head --batch-size 500", 2, "batch");
    fails(
        "x.npy x.txt --identity-head --head run",
        2,
        "cannot be used with",
    );
    fails("x.npy x.txt --head nowhere", 2, "no finished run");
    fails("x.npy x.txt --loss triplet", 2, "triplet");
    fails(
        "x.npy x.txt --prior-prec many",
        2,
        "expected a number or auto",
    );
    // A matrix of all weights with each other, of a wide space.
    write_npy(&world, "wide", &x, 24);
    world.write("wide.txt", "a\nb\n".repeat(12));
    fails(
        "wide.npy wide.txt --identity-head --posterior full --batch-size 2 --set held_out_fraction=0.3",
        2,
        "posterior",
    );
    // A row that is not a number is found when it is read.
    let mut broken = x;
    broken[17 * 12 + 3] = f32::NAN;
    write_npy(&world, "nan", &broken, 200);
    let run = world
        .run("fit nan.npy x.txt --identity-head -o nan")
        .code(1);
    run.says("nan.npy, row 17 (counted from 0): number 3 is NaN");
}
