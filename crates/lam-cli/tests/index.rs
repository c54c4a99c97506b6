//! `lam index` and `lam search`, from pictures to answers.

use std::fs;

use lam_data::read_embeddings;
use serde_json::Value;

use crate::common::retrieval::{picture, sample_pictures, trained};
use crate::common::{Run, World};

/// Answers as JSON.
fn search(world: &World, arguments: &str) -> Vec<Value> {
    let run = world.run(&format!("search {arguments} --json")).code(0);
    run.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn info(world: &World, index: &str) -> Value {
    let run = world.run(&format!("index info {index} --json")).code(0);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn answers_are_the_nearest_rows_of_what_was_embedded() {
    let world = trained();
    world.run("index create i run fashionmnist:train").code(0);
    world
        .run("embed run fashionmnist:train -o items.npy")
        .code(0);
    world
        .run("embed run fashionmnist:test -o queries.npy")
        .code(0);
    let answers = search(&world, "i fashionmnist:test -k 3");
    let [items, queries] =
        ["items.npy", "queries.npy"].map(|file| read_embeddings(&world.path(file)).unwrap());
    let rows = |e: &lam_data::Embeddings| e.read(0..e.rows()).unwrap().mean;
    let (database, asked) = (rows(&items), rows(&queries));
    assert_eq!(answers.len(), 200);
    for (answer, query) in answers.iter().zip(asked.chunks_exact(4)) {
        let mut all: Vec<(f64, usize)> = database
            .chunks_exact(4)
            .map(|item| {
                item.iter()
                    .zip(query)
                    .map(|(a, b)| f64::from(a - b).powi(2))
                    .sum::<f64>()
                    .sqrt()
            })
            .zip(0..)
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (found, (distance, at)) in answer["neighbours"].as_array().unwrap().iter().zip(&all) {
            assert!((found["distance"].as_f64().unwrap() - distance).abs() < 1e-5);
            // Equally near ones may change places by rounding.
            let next = all.get(at + 1).map_or(f64::INFINITY, |next| next.0);
            assert!(
                found["id"] == items.ids[*at].as_str()
                    || (next - distance).abs() < 1e-5
                    || distance.abs() < 1e-3
            );
        }
        let agreement = answer["agreement"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&agreement));
        assert!(answer["uncertainty"].as_f64().unwrap() > 0.0);
        assert_eq!(answer["verdict"], "undecided");
    }
    // Rows that were embedded before are taken as they are.
    world.run("index create j run items.npy").code(0);
    let again = search(&world, "j queries.npy -k 3");
    for (one, other) in answers.iter().zip(&again) {
        let distance = |answer: &Value| answer["neighbours"][0]["distance"].as_f64().unwrap();
        assert!((distance(one) - distance(other)).abs() < 1e-6);
        assert_eq!(other["agreement"], Value::Null);
    }
}

#[test]
fn queries_of_an_unknown_kind_are_told() {
    let world = trained();
    world.run("index create i run sample:train").code(0);
    // Test images, as files; the index holds none of them.
    sample_pictures(&world, 0..400);
    let novel = |query: &str| -> usize {
        let run = world
            .run(&format!("search i {query} --unknown 0.1 --json"))
            .code(0);
        assert!(
            run.stderr.contains("queries are of an unknown kind"),
            "{}",
            run.stderr
        );
        let answers = run.stdout.lines().map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            let novel = answer["novel"].as_bool().unwrap();
            let verdict = if novel { "abstained" } else { "accepted" };
            assert_eq!(answer["verdict"], verdict);
            usize::from(novel)
        });
        answers.sum()
    };
    // A tenth, within a binomial's error and that of a run that has seen the items.
    let known = novel("pictures.csv");
    assert!((1..=90).contains(&known), "{known} of 400");
    world
        .run("search i pictures.csv --unknown 0.00001")
        .code(1)
        .says("at least 99999");
    for wrong in ["0", "1", "-0.5", "NaN"] {
        world
            .run(&format!("search i pictures.csv --unknown {wrong}"))
            .code(2)
            .says("between 0 and 1");
    }
    world
        .run("search i pictures.csv --unknown 0.1")
        .code(0)
        .says("of an unknown kind");
}

#[test]
fn calibrated_answers_keep_the_risk_asked_for() {
    let world = trained();
    // Three sets that have no picture in common: the first 200 of the sample's test images, its training images, and the
    // other test images as files.
    world.run("index create i run fashionmnist:test").code(0);
    sample_pictures(&world, 200..1000);
    world
        .run("search i pictures.csv --risk 0.3")
        .code(2)
        .says("lam index calibrate");
    world.run("index calibrate i sample:train").code(0);
    assert_eq!(info(&world, "i")["calibration"]["queries"], 6000);
    let run = world.run("search i pictures.csv --risk 0.3 --json").code(0);
    let answers: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let accepted = answers
        .iter()
        .filter(|answer| answer["verdict"] == "accepted")
        .count();
    let abstained = answers
        .iter()
        .filter(|answer| answer["verdict"] == "abstained")
        .count();
    assert_eq!(accepted + abstained, 800);
    assert!(
        run.stderr.contains("accepted answers are wrong"),
        "{}",
        run.stderr
    );
    let said = run
        .stderr
        .lines()
        .find(|line| line.contains("accepted answers are wrong"))
        .unwrap();
    let share = said.split('(').nth(1).unwrap().split(" %").next().unwrap();
    // The risk is kept in expectation over pictures; over these few hundred it is observed with a binomial error.
    let error = (0.3_f64 * 0.7 / accepted as f64).sqrt();
    assert!(
        accepted > 50 && share.parse::<f64>().unwrap() <= 100.0 * (0.3 + 3.0 * error),
        "{said}"
    );
    for answer in &answers {
        assert!((0.0..=1.0).contains(&answer["confidence"].as_f64().unwrap()));
    }
    world
        .run("search i pictures.csv --risk 0.00001")
        .code(1)
        .says("at least");
    world.run("search i pictures.csv --risk 2").code(2);
    world.run("search i pictures.csv --score distance").code(2);
}

#[test]
fn items_come_and_go() {
    let world = trained();
    for (number, colour) in [[200, 10, 10], [10, 200, 10], [10, 10, 200]]
        .into_iter()
        .enumerate()
    {
        world.write(&format!("pictures/c{number}/a.png"), picture(colour));
    }
    world.run("index create i run pictures").code(0);
    assert_eq!(info(&world, "i")["items"], 3);
    world
        .run("index create i run pictures")
        .code(2)
        .says("index");
    world.run("index add i pictures").code(1).says("c0/a.png");
    world.run("index add i pictures --replace").code(0);
    world.run("index add i pictures --prefix more/").code(0);
    assert_eq!(info(&world, "i")["items"], 6);
    world
        .run("index remove i c0/a.png nobody")
        .code(1)
        .says("nobody");
    assert_eq!(info(&world, "i")["items"], 6);
    world.run("index remove i c0/a.png more/c1/a.png").code(0);
    assert_eq!(info(&world, "i")["items"], 4);
    // The very same picture is its own nearest, with its own class.
    let answers = search(&world, "i pictures/c2/a.png -k 1");
    assert!(answers[0]["neighbours"][0]["distance"].as_f64().unwrap() < 1e-3);
    let found = &answers[0]["neighbours"][0];
    assert!(
        found["source"].as_str().unwrap().starts_with('/'),
        "{found}"
    );
    world.run("index build i").code(0);
    assert_eq!(info(&world, "i")["graph"], "ready");
    assert_eq!(info(&world, "i")["removed"], 0);
    assert_eq!(
        search(&world, "i pictures/c2/a.png -k 4 --approximate")[0]["neighbours"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[test]
fn the_approximate_search_says_how_much_it_finds() {
    let world = trained();
    world.run("index create i run fashionmnist:train").code(0);
    let built = world.run("index build i -k 5").code(0).stdout;
    let recall: Vec<f64> = built
        .lines()
        .filter(|line| line.contains("--approximate"))
        .map(|line| line.split_whitespace().nth(2).unwrap().parse().unwrap())
        .collect();
    assert_eq!(recall.len(), 5, "{built}");
    assert!(
        recall.iter().all(|recall| (0.8..=1.0).contains(recall)),
        "{built}"
    );
    let expected = search(&world, "i fashionmnist:test -k 2 --expected");
    for answer in &expected {
        let [first, second] = [0, 1].map(|at| {
            answer["neighbours"][at]["expected_distance"]
                .as_f64()
                .unwrap()
        });
        assert!(first <= second);
        assert!(first >= answer["neighbours"][0]["distance"].as_f64().unwrap());
    }
}

#[test]
fn an_index_belongs_to_its_run() {
    let world = trained();
    world.run("index create i run fashionmnist:test").code(0);
    world
        .run("search i fashionmnist:test --run plain")
        .code(2)
        .says("another model");
    // Without a posterior there are neighbours and no uncertainty.
    world
        .run("index create p plain fashionmnist:test")
        .code(0)
        .stdout
        .contains("without uncertainty");
    let answers = search(&world, "p fashionmnist:test -k 1");
    assert_eq!(answers[0]["uncertainty"], Value::Null);
    assert_eq!(answers[0]["agreement"], Value::Null);
    world
        .run("search p fashionmnist:test --expected")
        .code(1)
        .says("spread");
    // A run that has moved is named.
    fs::rename(world.path("run"), world.path("moved")).unwrap();
    world.run("search i fashionmnist:test").code(2).says("run");
    world
        .run("search i fashionmnist:test --run moved -k 1")
        .code(0);
    // Embeddings by another run are refused.
    world
        .run("embed plain fashionmnist:test -o plain.parquet")
        .code(0);
    world
        .run("index add i plain.parquet --run moved")
        .code(2)
        .says("plain.parquet");
}

#[test]
fn features_of_another_model_get_a_posterior_an_index_and_a_confidence() {
    let world = World::new();
    // Three classes around three directions; rows of a text file stand for what another model made.
    let row = |i: usize| -> [f32; 6] {
        let noise = |salt: usize| ((i * 7919 + salt * 104_729) % 1000) as f32 / 1000.0 - 0.5;
        std::array::from_fn(|at| f32::from(u8::from(at == i % 3)) + 1.2 * noise(at + 1))
    };
    let write = |name: &str, range: std::ops::Range<usize>| {
        let header = lam_data::EmbeddingHeader {
            rows: range.len(),
            dim: 6,
            spread: false,
            class_names: None,
            model: None,
        };
        let path = world.path(&format!("{name}.npy"));
        let mut writer = lam_data::EmbeddingWriter::create(&path, header).unwrap();
        let ids: Vec<String> = range.clone().map(|i| format!("row {i}")).collect();
        let mean: Vec<f32> = range.clone().flat_map(row).collect();
        writer
            .append(&lam_data::EmbeddingRows {
                ids: &ids,
                labels: None,
                mean: &mean,
                sigma: None,
                uncertainty: None,
            })
            .unwrap();
        writer.finish().unwrap();
        let labels: String = range.map(|i| format!("kind {}\n", i % 3)).collect();
        world.write(&format!("{name}.txt"), labels);
    };
    write("known", 0..400);
    write("held", 400..600);
    write("new", 600..800);
    world
        .run("fit known.npy known.txt -o clip --latent-dim 4 --epochs 2 --batch-size 32")
        .code(0);
    world
        .run("index create i clip known.npy --labels new.txt")
        .code(2)
        .says("200 labels");
    world
        .run("index create i clip known.npy --labels known.txt")
        .code(0);
    world
        .run("index calibrate i held.npy --labels held.txt")
        .code(0);
    let run = world
        .run("search i new.npy --labels new.txt --risk 0.3 --json")
        .code(0)
        .says("accepted answers are wrong");
    let first: Value = serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(first["query"], "row 600");
    assert!(first["confidence"].as_f64().is_some());
    assert!(
        first["neighbours"][0]["class"]
            .as_str()
            .unwrap()
            .starts_with("kind")
    );
    world.run("search i known.txt").code(2);
}

#[test]
fn vectors_without_a_run_are_searched_as_they_are() {
    let world = trained();
    world
        .run("embed plain fashionmnist:test -o e.parquet")
        .code(0);
    world.run("index create v --vectors e.parquet").code(0);
    let answers = search(&world, "v e.parquet -k 2");
    assert_eq!(answers.len(), 200);
    assert!(
        answers
            .iter()
            .all(|answer| answer["neighbours"][0]["distance"].as_f64().unwrap() < 1e-3)
    );
    world
        .run("search v fashionmnist:test")
        .code(2)
        .says("vectors");
    world
        .run("search v e.parquet --unknown 0.1")
        .code(2)
        .says("have no uncertainty");
    world
        .run("index create w --vectors fashionmnist:test")
        .code(2)
        .says("vectors");
}

#[test]
fn damage_and_absence_are_said() {
    let world = trained();
    world
        .run("search none fashionmnist:test")
        .code(2)
        .says("none");
    world.run("index info none").code(2).says("none");
    world.run("index create i run fashionmnist:test").code(0);
    let snapshot = fs::read_dir(world.path("i"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("items-")
        })
        .max()
        .unwrap();
    let mut bytes = fs::read(&snapshot).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 0xff;
    fs::write(&snapshot, &bytes).unwrap();
    let Run { code, stderr, .. } = world.run("search i fashionmnist:test");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("items-"), "{stderr}");
}
