//! Posteriors on vectors that others computed: what the head does, and what adds up.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use lam_data::{FilePart, SearchPath, Split, find};
use lam_train::checkpoint::Checkpoint;
use lam_train::config::{Config, DatasetChoice, HeadInit, Override};
use lam_train::data::RunData;
use lam_train::fit::{Fit, fit, tell_apart};
use lam_train::merge::merge;
use lam_train::method::{BuildContext, build};
use lam_train::observer::{Observer, Silent};
use lam_train::randomness::{Purpose, Randomness};
use lam_train::run::OpenMode;
use lam_train::{Outcome, RunOptions, TrainError, device, evaluate_run, train};
use tempfile::{TempDir, tempdir};

/// Side of the squares of pixels that are averaged.
const POOL: usize = 4;
/// Numbers of a feature.
const DIM: usize = (28 / POOL) * (28 / POOL);

/// Images of the sample, averaged over squares, as features; labels are names.
struct Sample {
    values: Vec<f32>,
    labels: Vec<String>,
}

impl Sample {
    fn of(range: std::ops::Range<usize>) -> Self {
        let set = find("sample").unwrap();
        let set = set.open(&SearchPath::none(), Split::Train).unwrap();
        let mut image = vec![0.0; set.shape().numel()];
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for index in range {
            set.read(index, &mut image).unwrap();
            let side = 28 / POOL;
            for (row, column) in (0..side * side).map(|at| (at / side, at % side)) {
                let square = (0..POOL * POOL).map(|p| (p / POOL, p % POOL));
                let sum: f32 = square
                    .map(|(y, x)| image[(row * POOL + y) * 28 + column * POOL + x])
                    .sum();
                values.push(sum / (POOL * POOL) as f32);
            }
            let label = set.labels()[index] as usize;
            labels.push(set.class_names()[label].clone());
        }
        Self { values, labels }
    }

    /// `NAME.npy` and `NAME.txt`.
    fn write(&self, folder: &Path, name: &str) -> (FilePart, FilePart) {
        let header = format!(
            "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {DIM}), }}",
            self.labels.len()
        );
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(self.values.iter().flat_map(|v| v.to_le_bytes()));
        let features = folder.join(format!("{name}.npy"));
        fs::write(&features, bytes).unwrap();
        let labels = folder.join(format!("{name}.txt"));
        fs::write(&labels, self.labels.join("\n") + "\n").unwrap();
        (FilePart::file(features), FilePart::file(labels))
    }
}

fn options() -> RunOptions {
    RunOptions {
        name: "fit".to_owned(),
        out: None,
        mode: OpenMode::New,
        data_dirs: Vec::new(),
        command: "lam fit".to_owned(),
        risk: None,
        calibrate: false,
        device: None,
    }
}

fn request(files: &[&(FilePart, FilePart)], head: HeadInit, settings: &[&str]) -> Fit {
    Fit {
        features: files.iter().map(|(features, _)| features.clone()).collect(),
        labels: files.iter().map(|(_, labels)| labels.clone()).collect(),
        test_features: Vec::new(),
        test_labels: Vec::new(),
        head,
        calibrate: false,
        // Small shards have few rows of a class.
        overrides: ["held_out_fraction=0.3"]
            .iter()
            .chain(settings)
            .map(|set| Override::Set((*set).to_owned()))
            .collect(),
    }
}

/// A folder with three shards of the sample, the second of which lacks some classes and has rows of its own class.
fn shards() -> (TempDir, Vec<(FilePart, FilePart)>) {
    let folder = tempdir().unwrap();
    let ranges = [0..230, 230..395, 395..470];
    let mut samples: Vec<Sample> = ranges.map(Sample::of).into();
    for label in &mut samples[1].labels {
        if label.starts_with('T') || label.starts_with('B') {
            *label = "Another".to_owned();
        }
    }
    let names = ["a", "b", "c"];
    let files = samples
        .iter()
        .zip(names)
        .map(|(sample, name)| sample.write(folder.path(), name))
        .collect();
    (folder, files)
}

fn checkpoint(run: &Path) -> Checkpoint {
    Checkpoint::load(&run.join("checkpoints/last.safetensors")).unwrap()
}

/// The tensors of a run's curvature.
fn curvature(run: &Path) -> Vec<(String, Vec<f32>)> {
    let tensors = checkpoint(run).state.tensors.into_iter();
    let tensors = tensors.filter(|(name, _)| name.starts_with("curvature."));
    tensors
        .map(|(name, data)| (name, data.iter::<f32>().collect()))
        .collect()
}

/// Largest difference of two lists of tensors, relative to the largest entry of each tensor.
fn relative_difference(a: &[(String, Vec<f32>)], b: &[(String, Vec<f32>)]) -> f32 {
    assert_eq!(a.len(), b.len());
    let mut largest = 0.0_f32;
    for ((name, a), (other, b)) in a.iter().zip(b) {
        assert_eq!((name, a.len()), (other, b.len()));
        let scale = a.iter().map(|v| v.abs()).fold(0.0, f32::max);
        if !name.ends_with("isotropic") {
            assert!(scale > 0.0, "{name} is zero");
        }
        let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        largest = largest.max(differences.fold(0.0, f32::max) / scale.max(1e-30));
    }
    largest
}

struct Fitted {
    config: Config,
    mean: Vec<f32>,
    deviation: Vec<f32>,
    features: Vec<f32>,
    dim: usize,
}

/// The first test rows as a finished run embeds them.
fn embed(run: &Path) -> Fitted {
    let config = Config::load(&run.join("config.yaml"), &[]).unwrap().config;
    let data = RunData::open(&config, &SearchPath::none()).unwrap();
    let device = device::open(config.device).unwrap();
    let context = BuildContext {
        config: &config,
        image_shape: data.image_shape(),
        training_images: data.train.len(),
        device: &device,
    };
    let randomness = Randomness::new(config.seed);
    let mut method = build(&context, randomness).unwrap();
    method.restore(checkpoint(run).state).unwrap();
    let mut generator = randomness.generator(Purpose::Test, 0);
    let predictor = method.predictor(20, &mut generator).unwrap();
    let rows = data.test.images.len().min(10);
    let mut features = vec![0.0; rows * DIM];
    for (row, out) in features.chunks_exact_mut(DIM).enumerate() {
        data.test.images.read(row, out).unwrap();
    }
    let images = TensorData::new(features.clone(), [rows, DIM, 1, 1]);
    let embedded = predictor.embed(Tensor::from_data(images, &device));
    let dim = embedded.mean.dims()[1];
    Fitted {
        config,
        mean: embedded.mean.into_data().iter::<f32>().collect(),
        deviation: embedded
            .deviation
            .unwrap()
            .into_data()
            .iter::<f32>()
            .collect(),
        features,
        dim,
    }
}

fn metric(outcome: &Outcome, name: &str) -> f64 {
    let values = outcome.metrics.values().iter();
    values.clone().find(|(known, _)| known == name).unwrap().1
}

/// Share of the test rows whose nearest other row, by the angle between the rows themselves, is of their class; of those
/// whose class has another row.
fn recall_by_hand(run: &Path) -> f64 {
    let config = Config::load(&run.join("config.yaml"), &[]).unwrap().config;
    let data = RunData::open(&config, &SearchPath::none()).unwrap();
    let (test, labels) = (&data.test.images, data.test.images.labels());
    let rows: Vec<Vec<f64>> = (0..test.len())
        .map(|index| {
            let mut row = vec![0.0; DIM];
            test.read(index, &mut row).unwrap();
            let norm = row
                .iter()
                .map(|&v| f64::from(v).powi(2))
                .sum::<f64>()
                .sqrt();
            row.iter().map(|&v| f64::from(v) / norm).collect()
        })
        .collect();
    let (mut right, mut asked) = (0, 0);
    for (query, row) in rows.iter().enumerate() {
        let others = || (0..rows.len()).filter(|&other| other != query);
        if !others().any(|other| labels[other] == labels[query]) {
            continue;
        }
        let cosine = |other: usize| {
            row.iter()
                .zip(&rows[other])
                .map(|(a, b)| a * b)
                .sum::<f64>()
        };
        let nearest = others()
            .max_by(|&a, &b| cosine(a).total_cmp(&cosine(b)))
            .unwrap();
        asked += 1;
        right += usize::from(labels[nearest] == labels[query]);
    }
    // Something is found: classes of the sample are not mixed at random.
    assert!(right * 4 > asked && asked > 20);
    right as f64 / asked as f64
}

#[test]
fn an_identity_head_keeps_the_space_and_adds_uncertainty() {
    let (folder, files) = shards();
    let run = folder.path().join("run");
    let request = request(&[&files[0]], HeadInit::Identity, &[]);
    fit(&request, &run, &options(), &mut Silent).unwrap();
    let fitted = embed(&run);
    assert_eq!(fitted.dim, DIM);
    assert!(fitted.config.dataset.is_features());
    for (row, mean) in fitted
        .features
        .chunks_exact(DIM)
        .zip(fitted.mean.chunks_exact(DIM))
    {
        let norm = row
            .iter()
            .map(|&v| f64::from(v).powi(2))
            .sum::<f64>()
            .sqrt();
        for (&x, &u) in row.iter().zip(mean) {
            assert!(
                (f64::from(x) / norm - f64::from(u)).abs() < 1e-6,
                "{x} {u} {norm}"
            );
        }
    }
    assert!(fitted.deviation.iter().all(|&s| s > 0.0 && s.is_finite()));
    assert!(!run.join("head").exists());
    // An ordinary run: its evaluation can be repeated, and calibrated.
    let again = evaluate_run(&run, &options(), &mut Silent).unwrap();
    let first = fs::read_to_string(run.join("metrics.json")).unwrap();
    assert!(first.contains("recall@1"));
    evaluate_run(&run, &options(), &mut Silent).unwrap();
    assert_eq!(fs::read_to_string(run.join("metrics.json")).unwrap(), first);
    assert_eq!(metric(&again, "recall@1"), recall_by_hand(&run));
    assert!(run.join("report.html").is_file());
}

#[test]
fn a_head_is_trained_first_and_kept_as_a_run() {
    let (folder, files) = shards();
    let run = folder.path().join("run");
    let settings = ["latent_dim=8", "epochs=4", "batch_size=32"];
    let mut request = request(&[&files[0], &files[1]], HeadInit::Random, &settings);
    request.calibrate = true;
    let outcome = fit(&request, &run, &options(), &mut Silent).unwrap();
    let head = Config::load(&run.join("head/config.yaml"), &[])
        .unwrap()
        .config;
    assert_eq!(
        (head.model.to_string(), head.epochs),
        ("deterministic".to_owned(), 4)
    );
    let model = |run: &Path| {
        let tensors = checkpoint(run).state.tensors.into_iter();
        let model = tensors.filter(|(name, _)| name.starts_with("model."));
        model
            .map(|(name, data)| (name, data.iter::<f32>().collect::<Vec<_>>()))
            .collect::<Vec<_>>()
    };
    let best = Checkpoint::load(&run.join("head/checkpoints/best.safetensors")).unwrap();
    let trained: Vec<f32> = best.state.tensors["model.head.weight"]
        .iter::<f32>()
        .collect();
    assert_eq!(trained.len(), 8 * DIM);
    assert_eq!(
        model(&run)
            .iter()
            .find(|(n, _)| n == "model.head.weight")
            .unwrap()
            .1,
        trained
    );
    assert!(metric(&outcome, "temperature") > 0.0);

    // Another fit takes that head as it is.
    let second = folder.path().join("second");
    let mut request = request_with_head(&files[2], &run);
    request
        .overrides
        .push(Override::Set("latent_dim=8".to_owned()));
    fit(&request, &second, &options(), &mut Silent).unwrap();
    assert_eq!(model(&second), model(&run));
    // The same again is refused, and the first stays.
    let again = fit(&request, &second, &options(), &mut Silent);
    assert!(matches!(again, Err(TrainError::Run(_))), "{again:?}");
}

fn request_with_head(files: &(FilePart, FilePart), run: &Path) -> Fit {
    request(&[files], HeadInit::Run(run.to_owned()), &["batch_size=32"])
}

/// Ends a run after its first epoch.
struct OneEpoch;

impl Observer for OneEpoch {
    fn wants_stop(&mut self, epoch: usize, _: usize) -> bool {
        epoch == 1
    }
}

/// Posteriors with matrices are accumulated during training too, and a run that was ended goes on to the same result.
#[test]
fn blocks_and_whole_matrices_train_online_and_go_on_exactly() {
    let (folder, files) = shards();
    let (features, labels) = &files[0];
    for posterior in ["block", "full"] {
        let text = format!(
            "model: laplace_online\nposterior: {posterior}\nloss: arccos\ndataset: {}\nlabels: {}\n\
             latent_dim: 4\nbatch_size: 32\nepochs: 2\nlr: 1.0e-5\ntest_n_samples: 20\nheld_out_fraction: 0.3\n",
            features.file.display(),
            labels.file.display()
        );
        let config = Config::parse(&text, Path::new("c.yaml"), &[])
            .unwrap()
            .config;
        let run = |name: &str, mode: OpenMode, observer: &mut dyn Observer| {
            let options = RunOptions {
                out: Some(folder.path().join(format!("{name}-{posterior}"))),
                mode,
                ..options()
            };
            train(&config, &options, observer)
        };
        let whole = run("whole", OpenMode::New, &mut Silent).unwrap();
        for name in ["recall@1", "map@5", "ece"] {
            assert!(metric(&whole, name).is_finite(), "{posterior} {name}");
        }
        let ended = run("ended", OpenMode::New, &mut OneEpoch);
        assert!(matches!(ended, Err(TrainError::Stopped { epoch: 1 })));
        let ended = run("ended", OpenMode::Resume, &mut Silent).unwrap();
        let read = |outcome: &Outcome, file: &str| fs::read(outcome.folder.join(file)).unwrap();
        assert_eq!(read(&whole, "log.jsonl"), read(&ended, "log.jsonl"));
        assert_eq!(curvature(&whole.folder), curvature(&ended.folder));
        assert_eq!(whole.metrics.values(), ended.metrics.values());
        // What was learnt of the weights together is kept: entries off the diagonal.
        let side = if posterior == "block" {
            DIM + 1
        } else {
            4 * (DIM + 1)
        };
        let all = curvature(&whole.folder);
        let (_, first) = all.iter().find(|(n, _)| n == "curvature.basis").unwrap();
        let across = (1..side).map(|j| first[j].abs()).fold(0.0, f32::max);
        assert!(across > 1e-3 * first[0], "{across} {}", first[0]);
        assert_eq!(
            first.len(),
            if posterior == "block" { 4 } else { 1 } * side * side
        );
    }
    let wide = format!(
        "model: laplace_online\nposterior: full\nloss: arccos\ndataset: {}\nlabels: {}\nlatent_dim: 40\n",
        features.file.display(),
        labels.file.display()
    );
    let config = Config::parse(&wide, Path::new("c.yaml"), &[])
        .unwrap()
        .config;
    let options = RunOptions {
        out: Some(folder.path().join("wide")),
        ..options()
    };
    let error = train(&config, &options, &mut Silent).unwrap_err();
    assert!(error.is_usage());
    assert!(
        error.to_string().contains("use model: laplace_posthoc"),
        "{error}"
    );
    assert!(!folder.path().join("wide").exists());
}

/// The central property: adding up is fitting all at once.
#[test]
fn a_merged_posterior_is_that_of_one_fit_over_all() {
    let (folder, files) = shards();
    for posterior in ["diag", "kron"] {
        for hessian in ["fix", "full"] {
            let structure = format!("posterior={posterior}");
            let approx = format!("loss_approx={hessian}");
            let settings = [structure.as_str(), approx.as_str(), "batch_size=32"];
            let path = |name: &str| folder.path().join(format!("{name}-{posterior}-{hessian}"));
            let run = |name: &str, files: &[&(FilePart, FilePart)]| {
                let request = request(files, HeadInit::Identity, &settings);
                fit(&request, &path(name), &options(), &mut Silent).unwrap()
            };
            let [a, b, c] = [&files[0], &files[1], &files[2]];
            for (name, files) in [("a", a), ("b", b), ("c", c)] {
                run(name, &[files]);
            }
            let whole = run("all", &[a, b, c]);
            let merged = |name: &str, of: &[&str]| {
                let runs: Vec<PathBuf> = of.iter().map(|name| path(name)).collect();
                merge(&runs, &path(name), &options(), &mut Silent).unwrap()
            };
            let sum = merged("abc", &["a", "b", "c"]);
            let all = curvature(&path("all"));
            let difference = relative_difference(&all, &curvature(&path("abc")));
            assert!(difference < 1e-6, "{posterior} {hessian}: {difference}");
            // In another order, and step by step.
            merged("ab", &["a", "b"]);
            merged("cab", &["c", "ab"]);
            let difference = relative_difference(&all, &curvature(&path("cab")));
            assert!(difference < 1e-6, "{posterior} {hessian}: {difference}");
            // A shard alone is something else: the test can fail.
            assert!(relative_difference(&all, &curvature(&path("ab"))) > 1e-3);

            // The same rows are tested on, and the same is found.
            let config = |name: &str| {
                Config::load(&path(name).join("config.yaml"), &[])
                    .unwrap()
                    .config
            };
            assert_eq!(config("all").dataset, config("abc").dataset);
            assert_eq!(config("all").labels, config("abc").labels);
            for name in ["recall@1", "map@5"] {
                assert_eq!(metric(&whole, name), metric(&sum, name), "{name}");
            }
            let (whole, sum) = (metric(&whole, "ausc"), metric(&sum, "ausc"));
            assert!((whole - sum).abs() < 5e-3, "{whole} {sum}");
        }
    }
}

fn refused(runs: &[&PathBuf], out: &Path) -> String {
    let runs: Vec<PathBuf> = runs.iter().map(|run| (*run).clone()).collect();
    let said = merge(&runs, out, &options(), &mut Silent).unwrap_err();
    assert!(said.is_usage(), "{said}");
    assert!(!out.exists());
    said.to_string()
}

#[test]
fn what_does_not_add_up_is_named() {
    let (folder, files) = shards();
    let path = |name: &str| folder.path().join(name);
    let run = |name: &str, at: usize, head: HeadInit, settings: &[&str]| {
        let mut all = vec!["batch_size=32", "latent_dim=4", "epochs=1"];
        if head == HeadInit::Identity {
            all.retain(|set| !set.starts_with("latent"));
        }
        all.extend(settings);
        let request = request(&[&files[at]], head, &all);
        fit(&request, &path(name), &options(), &mut Silent).unwrap();
        path(name)
    };
    let a = run("run_a", 0, HeadInit::Random, &[]);
    let b = run("run_b", 1, HeadInit::Random, &[]);
    let out = path("out");
    let said = refused(&[&a, &b], &out);
    assert!(
        said.contains("run_b") && said.contains("head.bias differs by up to"),
        "{said}"
    );
    let like_a = run("like_a", 1, HeadInit::Run(a.clone()), &[]);
    let pos = run("pos", 1, HeadInit::Run(a.clone()), &["loss_approx=pos"]);
    let said = refused(&[&a, &pos], &out);
    assert!(said.contains("loss_approx: fix there, pos now"), "{said}");
    let said = refused(&[&a, &a], &out);
    assert!(said.contains("would count twice"), "{said}");
    let said = refused(&[&a, &a.join("head")], &out);
    assert!(said.contains("a run of deterministic"), "{said}");
    let identity = run("identity", 1, HeadInit::Identity, &[]);
    let said = refused(&[&a, &identity], &out);
    assert!(said.contains("latent_dim"), "{said}");
    // Around one head they add up, whoever trained it.
    merge(&[a, like_a], &out, &options(), &mut Silent).unwrap();
}

#[derive(Default)]
struct Notes(Vec<String>);

impl Observer for Notes {
    fn note(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}

#[test]
fn a_sum_without_its_data_is_evaluated_later() {
    let (folder, files) = shards();
    let path = |name: &str| folder.path().join(name);
    for (name, at) in [("ra", 0), ("rb", 1)] {
        let request = request(&[&files[at]], HeadInit::Identity, &["batch_size=32"]);
        fit(&request, &path(name), &options(), &mut Silent).unwrap();
    }
    fs::rename(path("b.npy"), path("gone.npy")).unwrap();
    let mut notes = Notes::default();
    let outcome = merge(
        &[path("ra"), path("rb")],
        &path("sum"),
        &options(),
        &mut notes,
    )
    .unwrap();
    assert!(outcome.metrics.values().is_empty());
    assert!(
        notes.0.iter().any(|note| note.contains("not evaluated")),
        "{:?}",
        notes.0
    );
    fs::rename(path("gone.npy"), path("b.npy")).unwrap();
    let outcome = evaluate_run(&path("sum"), &options(), &mut Silent).unwrap();
    assert_eq!(metric(&outcome, "recall@1"), recall_by_hand(&path("sum")));
}

#[test]
fn files_are_told_apart_by_what_is_in_them() {
    let (folder, files) = shards();
    let mixed = [
        files[0].1.clone(),
        files[0].0.clone(),
        files[1].0.clone(),
        files[1].1.clone(),
    ];
    let (features, labels) = tell_apart(&mixed).unwrap();
    assert_eq!(features, [files[0].0.clone(), files[1].0.clone()]);
    assert_eq!(labels, [files[0].1.clone(), files[1].1.clone()]);
    let missing = FilePart::file(folder.path().join("missing.npy"));
    assert!(
        tell_apart(&[missing])
            .unwrap_err()
            .to_string()
            .contains("missing.npy")
    );
}

#[test]
fn the_configuration_says_where_vectors_are() {
    let read = |text: &str| Config::parse(text, Path::new("test"), &[]);
    let base = "model: laplace_online\ndataset: ";
    let one = read(&format!("{base}clip.npy\nlabels: labels.npy\n"))
        .unwrap()
        .config;
    assert_eq!(
        one.dataset,
        DatasetChoice::Features(vec![FilePart::file("clip.npy")])
    );
    assert_eq!(
        (one.latent_dim, one.evaluate_at_most),
        (Some(128), Some(2000))
    );
    assert_eq!(one.dataset.to_string(), "clip");
    let several =
        format!("{base}[a.npy, \"b.parquet:x\"]\nlabels: [l.txt, m.csv]\nhead_init: identity\n");
    let several = read(&several).unwrap().config;
    assert_eq!(
        (several.latent_dim, several.predictive.to_string()),
        (None, "centred".to_owned())
    );
    assert_eq!(read(&several.to_yaml()).unwrap().config, several);
    for (more, says) in [
        (
            "[a.npy, b.npy]\nlabels: l.txt\n",
            "'labels' has 1 files and 'dataset' 2",
        ),
        ("[a.npy, cub200]\n", "dataset"),
        ("[]\n", "dataset"),
        ("a.npy\narch: resnet50\n", "nearest valid: arch: linear"),
        ("a.npy\nfreeze: backbone\n", "nearest valid: freeze: none"),
        (
            "a.npy\nhead_init: identity\nlatent_dim: 3\n",
            "nearest valid: latent_dim: null",
        ),
        ("a.npy\nhead_init: identical\n", "identity"),
        (
            "a.npy\ntest_features: t.npy\ntest_labels: [x.txt, y.txt]\n",
            "'test_labels' has 2 files",
        ),
    ] {
        let said = read(&format!("{base}{more}")).unwrap_err().to_string();
        assert!(said.contains(says), "{more}: {said}");
    }
    let images = read("model: deterministic\ndataset: sample\nlabels: l.txt\n").unwrap();
    assert!(
        images
            .warnings
            .iter()
            .any(|w| w.to_string().contains("'labels' has no effect"))
    );
}
