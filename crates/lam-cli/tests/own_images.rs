//! Runs on photographs: one's own folder, a table with queries and a gallery, pairs, places, a frozen backbone.
use std::fs;
use std::time::SystemTime;

use crate::common::{Run, World};
use serde_json::Value;

const SIDE: u32 = 32;

/// A picture of a class: its own colour with stripes that differ from picture to picture.
fn picture(class: usize, number: usize) -> Vec<u8> {
    let colours = [[220, 40, 40], [40, 200, 60], [50, 60, 210], [200, 200, 40]];
    let colour: [u8; 3] = colours[class % colours.len()];
    let pixels: Vec<u8> = (0..SIDE * SIDE)
        .flat_map(|at| {
            let stripe = ((at / SIDE) as usize + number).is_multiple_of(5);
            colour.map(|value| if stripe { value / 3 } else { value })
        })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIDE, SIDE);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&pixels)
        .unwrap();
    bytes
}

/// `pictures/{train,test}/CLASS/N.png`, three classes.
fn folder(world: &World) {
    for (split, count) in [("train", 12), ("test", 4)] {
        for class in 0..3 {
            for number in 0..count {
                world.write(
                    &format!("pictures/{split}/class {class}/{number}.png"),
                    picture(class, number),
                );
            }
        }
    }
}

fn config(world: &World, lines: &str) {
    world.write(
        "own.yaml",
        format!(
            "model: laplace_online\nloss: arccos\nloss_approx: fix\nlatent_dim: 4\nepochs: 2\nbatch_size: 8\n\
             lr: 1.0e-5\ntest_n_samples: 10\nlog_every_n_steps: 1\nood_dataset: sample_mnist\nimage_size: 32\n\
             held_out_fraction: 0.3\n{lines}"
        ),
    );
}

fn metrics(world: &World, run: &str) -> Value {
    let text = fs::read_to_string(world.path(run).join("metrics.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["metrics"].clone()
}

fn train(world: &World, more: &str) -> Run {
    world.run(&format!("train own.yaml --out run {more}"))
}

#[test]
fn a_folder_of_classes() {
    let world = World::new();
    folder(&world);
    config(&world, "dataset: ./pictures\n");
    train(&world, "").code(0);
    let found = metrics(&world, "run");
    assert_eq!(found["queries"], 12.0);
    // Colours tell the classes apart before any training.
    assert!(found["recall@1"].as_f64().unwrap() > 0.9, "{found}");
    let auroc = found["auroc"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&auroc));
    let report = fs::read_to_string(world.path("run/report.html")).unwrap();
    assert!(report.contains("own on pictures"), "title");
    world.run("eval run").code(0);
    assert_eq!(metrics(&world, "run"), found);
    // The run's own folder is named like the images.
    world.run("train own.yaml --epochs 1").code(0);
    assert!(
        world
            .path("runs/pictures/own/seed-1/metrics.json")
            .is_file()
    );
}

#[test]
fn a_picture_that_cannot_be_read_is_left_out_and_said() {
    let world = World::new();
    folder(&world);
    world.write("pictures/train/class 1/3.png", b"");
    config(&world, "dataset: ./pictures\nselection: test\n");
    train(&world, "")
        .code(0)
        .says("1 images could not be read and were left out")
        .says("class 1/3.png");
}

#[test]
fn what_is_not_there() {
    let world = World::new();
    config(&world, "dataset: ./nowhere\n");
    let run = train(&world, "");
    assert_ne!(run.code, Some(0));
    run.says("nowhere");
    folder(&world);
    config(&world, "dataset: ./pictures\n");
    train(&world, "--set held_out_fraction=0.1")
        .code(2)
        .says("of the 3 held-out images no two are of one class");
    config(&world, "dataset: pictres\n");
    train(&world, "").code(2).says("path of a folder");
}

/// Three of the test pictures are asked about, the other ones and one of these are the gallery.
#[test]
fn a_table_with_queries_and_a_gallery() {
    let world = World::new();
    folder(&world);
    let mut table = "path,label,split,is_query,is_gallery\n".to_owned();
    for class in 0..3 {
        for number in 0..12 {
            table += &format!("pictures/train/class {class}/{number}.png,{class},train,,\n");
        }
        for number in 0..4 {
            let (query, gallery) = match (class, number) {
                (_, 0) => ("True", if class == 0 { "True" } else { "False" }),
                _ => ("False", "True"),
            };
            table += &format!(
                "pictures/test/class {class}/{number}.png,{class},validation,{query},{gallery}\n"
            );
        }
    }
    world.write("mine.csv", table);
    config(&world, "dataset: mine.csv\n");
    train(&world, "").code(0);
    let found = metrics(&world, "run");
    assert_eq!(found["queries"], 3.0);
    assert_eq!(found["recall@1"], 1.0);
    assert!(
        found.get("ausc").is_some() && found.get("ece").is_none(),
        "{found}"
    );
    let report = fs::read_to_string(world.path("run/report.html")).unwrap();
    assert!(report.contains("10 images of a gallery"));
}

#[test]
fn pairs_of_images_that_show_the_same() {
    let world = World::new();
    folder(&world);
    config(&world, "dataset: ./pictures\npairs: true\n");
    train(&world, "").code(0);
    let found = metrics(&world, "run");
    let report = fs::read_to_string(world.path("run/report.html")).unwrap();
    assert!(report.contains("pairs of images"));
    // The partner of an image is drawn from the seed: the same run has the same numbers.
    train(&world, "--overwrite").code(0);
    assert_eq!(metrics(&world, "run"), found);
}

/// The features of a frozen backbone are computed once: the second run finds them, and a posterior fitted to the first
/// run begins with its head.
#[test]
fn a_frozen_backbone() {
    let world = World::new();
    folder(&world);
    config(&world, "dataset: ./pictures\nfreeze: backbone\n");
    train(&world, "").code(0);
    let found = metrics(&world, "run");
    assert!(world.path("run/checkpoints/backbone.safetensors").is_file());
    let cached = || -> Vec<SystemTime> {
        let files = fs::read_dir(world.path(".cache/lam/features")).unwrap();
        let mut times: Vec<_> = files
            .map(|file| file.unwrap().metadata().unwrap().modified().unwrap())
            .collect();
        times.sort();
        times
    };
    let before = cached();
    // Trained on, selected on, tested on, unknown.
    assert_eq!(before.len(), 4);
    train(&world, "--overwrite").code(0);
    assert_eq!(metrics(&world, "run"), found);
    assert_eq!(cached(), before);
    world.run("eval run").code(0);
    assert_eq!(metrics(&world, "run"), found);
    // A damaged file is no obstacle.
    for file in fs::read_dir(world.path(".cache/lam/features")).unwrap() {
        fs::write(file.unwrap().path(), b"damaged").unwrap();
    }
    world.run("eval run").code(0);
    assert_eq!(metrics(&world, "run"), found);
    // Features of another precision are others.
    world
        .run("train own.yaml --out mixed --set precision=mixed")
        .code(0);
    assert_eq!(cached().len(), 8);

    config(&world, "dataset: ./pictures\nfreeze: backbone\n");
    world
        .run("train own.yaml --out deterministic/seed-1 --set model=deterministic")
        .code(0);
    world
        .run("train own.yaml --out posthoc --set model=laplace_posthoc --set resume=deterministic")
        .code(0);
    let (of_start, fitted) = (
        metrics(&world, "deterministic/seed-1"),
        metrics(&world, "posthoc"),
    );
    assert!(fitted.get("auroc").is_some());
    assert!(of_start.get("auroc").is_none());
}

/// A posterior fitted to a trained run does not move its backbone: with features computed beforehand it is the same one.
#[test]
fn a_posterior_on_features_is_that_on_images() {
    let world = World::new();
    world.small_config();
    let run = |out: &str, more: &str| {
        world
            .run(&format!("train small.yaml --out {out} --epochs 1 {more}"))
            .code(0);
        metrics(&world, out)
    };
    run("start/seed-1", "--set model=deterministic");
    let more = "--set model=laplace_posthoc --set resume=start";
    let images = run("images", more);
    let features = run("features", &format!("{more} --set freeze=backbone"));
    for (name, value) in images.as_object().unwrap() {
        let (on_images, on_features) = (value.as_f64().unwrap(), features[name].as_f64().unwrap());
        assert!(
            (on_images - on_features).abs() < 1e-6 * on_images.abs().max(1.0),
            "{name}: {on_images} on images, {on_features} on features"
        );
    }
}

/// Places on a line, 100 metres apart; of each, a query and two pictures of the database a metre away.
fn msls(world: &World) {
    cities(world, &[("train_val/zurich", 12), ("test/miami", 5)]);
}

fn cities(world: &World, cities: &[(&str, i32)]) {
    for &(city, places) in cities {
        for (side, shots) in [("query", 1), ("database", 2)] {
            let folder = format!("MSLS/{city}/{side}");
            let mut places_csv = ",key,easting,northing\n".to_owned();
            let mut raw = ",key,pano\n".to_owned();
            for (row, (place, shot)) in (0..places)
                .flat_map(|p| (0..shots).map(move |s| (p, s)))
                .enumerate()
            {
                let key = format!("{side}{place}-{shot}");
                let east = 100.0 * f64::from(place) + f64::from(shot);
                places_csv += &format!("{row},{key},{east},5.0\n");
                raw += &format!("{row},{key},False\n");
                let jpg = format!("{folder}/images/{key}.jpg");
                world.write(
                    &jpg,
                    picture(place as usize, place as usize * 2 + shot as usize),
                );
            }
            world.write(&format!("{folder}/postprocessed.csv"), places_csv);
            world.write(&format!("{folder}/raw.csv"), raw);
        }
    }
}

const PLACES: &str = "model: laplace_online\nloss: arccos\nloss_approx: fix\ndataset: msls\ndata_dir: .\narch: squeezenet1_1\n\
     pool: gem\nwhitening: true\nlatent_dim: 8\nimage_size: 64\nepochs: 1\nbatch_size: 4\nlr: 1.0e-7\n\
     split_query_database: true\ntype_of_triplets: all\ntest_n_samples: 5\nval_n_samples: 2\n";

#[test]
fn places_are_looked_up_in_a_database() {
    let world = World::new();
    msls(&world);
    world.write("own.yaml", PLACES);
    train(&world, "")
        .code(0)
        .says("the validation part of msls (train_val/cph or train_val/sf")
        .says("held-out queries of the training part");
    let found = metrics(&world, "run");
    assert_eq!(found["queries"], 5.0);
    for name in ["recall@1", "map@5", "ausc"] {
        let value = found[name].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&value), "{name} {value}");
    }
    assert!(found.get("ece").is_none());
    let report = fs::read_to_string(world.path("run/report.html")).unwrap();
    assert!(report.contains("10 images of a gallery") && report.contains("pairs of images"));
    world.run("eval run --risk 0.05").code(2).says("places");
    train(&world, "--overwrite --set calibrate=temperature")
        .code(2)
        .says("places have no classes to vote for");
}

/// Where they are on disk, the cities to validate on choose the checkpoint, and every query of the others is trained on.
#[test]
fn cities_to_validate_on_choose_the_checkpoint() {
    let world = World::new();
    msls(&world);
    cities(&world, &[("train_val/sf", 7)]);
    world.write("own.yaml", PLACES);
    let run = train(&world, "").code(0);
    assert!(!run.stderr.contains("held-out queries"), "{run:#?}");
    let report = fs::read_to_string(world.path("run/report.html")).unwrap();
    assert!(
        report.contains("12 pairs of images"),
        "trained on all queries"
    );
    let list = world.run("data list --data-dir .").code(0);
    assert!(list.stdout.contains("validation"), "{list:#?}");
    let check = || world.run("data check msls --data-dir .").code(0);
    let found = check().stdout;
    assert!(
        found.contains("validation: not there, and left out: train_val/cph"),
        "{found}"
    );
    // Runs can do without: no fault.
    fs::remove_dir_all(world.path("MSLS/train_val/sf")).unwrap();
    check()
        .says("the validation files of data set 'msls' were not found")
        .says("train_val/cph or train_val/sf");
}
