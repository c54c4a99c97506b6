//! Every method on a trunk: it learns, goes on exactly, and begins with weights that others trained.
#![allow(clippy::unwrap_used, missing_docs)]

use std::ops::Range;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use lam_train::TrainError;
use lam_train::checkpoint::MethodState;
use lam_train::config::{Config, Override};
use lam_train::method::{BuildContext, Method, Report, StepInput, StepReport, Targets, build};
use lam_train::randomness::{Purpose, Randomness};
use lam_train::starts::Starts;

const BATCH: usize = 6;
/// Sides of the images; a map of one place, as of the smaller ones, has no use for an exponent.
const SIDE: usize = 32;
const LARGER_SIDE: usize = 64;

fn config(method: &str, arch: &str, settings: &[&str]) -> Config {
    let text = format!(
        "model: {method}\ndataset: cub200\narch: {arch}\nlatent_dim: 8\nbatch_size: {BATCH}\n"
    );
    let overrides: Vec<Override> = settings
        .iter()
        .map(|setting| Override::Set((*setting).to_owned()))
        .collect();
    Config::parse(&text, Path::new("c.yaml"), &overrides)
        .unwrap()
        .config
}

fn method(config: &Config) -> Box<dyn Method> {
    method_for(config, SIDE)
}

fn method_for(config: &Config, side: usize) -> Box<dyn Method> {
    let context = BuildContext {
        config,
        image_shape: [3, side, side],
        training_images: 4 * BATCH,
        device: &Device::flex(),
    };
    build(&context, Randomness::new(config.seed)).unwrap()
}

/// Images of two classes: stripes of two directions, each with its own phase.
fn images(side: usize) -> (Vec<f32>, Vec<u32>) {
    let mut images = Vec::new();
    let labels: Vec<u32> = (0..BATCH as u32).map(|i| i % 2).collect();
    for (i, &label) in labels.iter().enumerate() {
        for c in 0..3 {
            for y in 0..side {
                for x in 0..side {
                    let along = if label == 0 { x } else { y } as f32;
                    images.push((0.9 * along + i as f32 + 0.4 * c as f32).sin());
                }
            }
        }
    }
    (images, labels)
}

fn steps(method: &mut dyn Method, from: u64, to: u64, learning_rate: f64) -> Vec<StepReport> {
    steps_on(SIDE, method, from..to, learning_rate)
}

fn steps_on(
    side: usize,
    method: &mut dyn Method,
    steps: Range<u64>,
    learning_rate: f64,
) -> Vec<StepReport> {
    let (images, labels) = images(side);
    let data = TensorData::new(images, [labels.len(), 3, side, side]);
    let images = Tensor::from_data(data, &Device::flex());
    let reports = steps
        .map(|step| {
            let input = StepInput {
                images: images.clone(),
                targets: Targets::Labels(&labels),
                learning_rate,
                step,
            };
            method.step(input, Randomness::new(1)).unwrap()
        })
        .collect();
    Report::read(reports).unwrap()
}

fn embedding(method: &dyn Method) -> Vec<f32> {
    let mut generator = Randomness::new(1).generator(Purpose::Test, 0);
    let predictor = method.predictor(3, &mut generator).unwrap();
    let (images, _) = images(SIDE);
    let data = TensorData::new(images, [BATCH, 3, SIDE, SIDE]);
    let embedded = predictor.embed(Tensor::from_data(data, &Device::flex()));
    let values = |tensor: Tensor<2>| tensor.into_data().try_into_vec::<f32>().unwrap();
    let mut all = values(embedded.mean);
    all.extend(embedded.deviation.map(values).unwrap_or_default());
    assert!(all.iter().all(|v| v.is_finite()));
    all
}

fn tensor(state: &MethodState, name: &str) -> Vec<f32> {
    state.tensors[name].clone().try_into_vec::<f32>().unwrap()
}

#[test]
fn every_method_trains_a_trunk_and_goes_on_exactly() {
    for (name, settings) in [
        ("deterministic", &[][..]),
        ("mc_dropout", &["dropout_rate=0.3"]),
        ("hib", &[]),
        ("pfe", &[]),
        ("laplace_online", &["loss_approx=fix"]),
        ("laplace_online", &["loss_approx=fix", "precision=mixed"]),
        ("laplace_posthoc", &[]),
    ] {
        let config = config(name, "resnet18", settings);
        let mut whole = method(&config);
        let reports = steps(&mut *whole, 0, 4, 1e-4);
        assert!(reports.iter().all(|r| r.loss.is_finite()), "{name}");
        let mut first = method(&config);
        steps(&mut *first, 0, 2, 1e-4);
        let mut second = method(&config);
        second.restore(first.state().unwrap()).unwrap();
        steps(&mut *second, 2, 4, 1e-4);
        let (a, b) = (whole.state().unwrap(), second.state().unwrap());
        assert_eq!(
            a.tensors.keys().collect::<Vec<_>>(),
            b.tensors.keys().collect::<Vec<_>>()
        );
        for (tensor, data) in &a.tensors {
            assert!(data == &b.tensors[tensor], "{name}: {tensor}");
        }
        assert_eq!(embedding(&*whole), embedding(&*second), "{name}");

        // Methods that train the trunk move its running statistics; the others leave it as it is.
        let running = "model.backbone.trunk.layer2.0.bn1.running_mean";
        let trains = !matches!(name, "pfe" | "laplace_posthoc");
        let untouched = tensor(&method(&config).state().unwrap(), running);
        assert_eq!(tensor(&a, running) != untouched, trains, "{name}");
    }
}

#[test]
fn a_trunk_learns() {
    let config = config("deterministic", "resnet18", &["margin=0.5"]);
    let mut method = method(&config);
    let reports = steps(&mut *method, 0, 12, 1e-4);
    let (first, last) = (reports[0].loss, reports[11].loss);
    assert!(last < 0.5 * first, "{first} {last}");
}

/// RMSprop's first step is the rate over √(1 − α), whatever the gradient.
#[test]
fn the_exponent_has_ten_times_the_rate_and_no_decay() {
    const RATE: f64 = 1e-5;
    let after = |decay: &str| {
        let config = config("deterministic", "squeezenet1_1", &[decay]);
        let mut method = method_for(&config, LARGER_SIDE);
        let before = method.state().unwrap();
        steps_on(LARGER_SIDE, &mut *method, 0..1, RATE);
        (before, method.state().unwrap())
    };
    let (before, plain) = after("weight_decay=0");
    let (_, decayed) = after("weight_decay=10");
    let exponent = "model.backbone.pool.exponent";
    let moved = |state: &MethodState, name: &str| -> Vec<f32> {
        let pairs = tensor(&before, name).into_iter().zip(tensor(state, name));
        pairs.map(|(a, b)| (b - a).abs()).collect()
    };
    let step = 10.0 * RATE as f32;
    let of_exponent = moved(&plain, exponent)[0];
    assert!(
        (of_exponent - 10.0 * step).abs() < 0.05 * step,
        "{of_exponent} {step}"
    );
    assert_eq!(tensor(&plain, exponent), tensor(&decayed, exponent));
    let largest = moved(&plain, "model.head.weight")
        .into_iter()
        .fold(0.0, f32::max);
    assert!((largest - step).abs() < 0.05 * step, "{largest} {step}");
    assert_ne!(
        tensor(&plain, "model.head.weight"),
        tensor(&decayed, "model.head.weight")
    );
}

#[test]
fn a_trunk_without_latent_dim_keeps_its_features() {
    let config = config("laplace_posthoc", "squeezenet1_1", &["latent_dim=null"]);
    let state = method(&config).state().unwrap();
    let head = &state.tensors["model.head.weight"];
    assert_eq!(head.shape().as_slice(), [512, 512]);
}

fn checkpoint() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/weights/lightning.ckpt")
}

fn small(method: &str, settings: &[String]) -> Config {
    let text = format!("model: {method}\ndataset: sample\nlatent_dim: 1\nbatch_size: 8\n");
    let overrides: Vec<Override> = settings.iter().cloned().map(Override::Set).collect();
    Config::parse(&text, Path::new("c.yaml"), &overrides)
        .unwrap()
        .config
}

fn begun(config: &Config) -> Result<MethodState, TrainError> {
    let context = BuildContext {
        config,
        image_shape: [1, 28, 28],
        training_images: 32,
        device: &Device::flex(),
    };
    let mut method = build(&context, Randomness::new(1)).unwrap();
    method.initialise(&mut Starts::new(config))?;
    method.state()
}

#[test]
fn a_run_begins_with_a_checkpoint_of_the_released_code() {
    let file = checkpoint().display().to_string();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("1/checkpoints");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::copy(checkpoint(), run.join("best.ckpt")).unwrap();
    let runs = folder.path().display().to_string();
    let test = "selection=test".to_owned();
    for (method, settings) in [
        ("deterministic", vec![format!("pretrained={file}")]),
        (
            "deterministic",
            vec![format!("resume={file}"), test.clone()],
        ),
        (
            "laplace_posthoc",
            vec![format!("resume={file}"), test.clone()],
        ),
        ("pfe", vec![format!("resume={runs}"), test.clone()]),
    ] {
        let state = begun(&small(method, &settings)).unwrap();
        let bias = tensor(&state, "model.head.bias")[0];
        assert!(
            (f64::from(bias) - 5_f64.sin()).abs() < 1e-6,
            "{method}: {bias}"
        );
    }
    // What it was trained on is not known, so nothing can be held out from it.
    let error = begun(&small("laplace_posthoc", &[format!("resume={file}")])).unwrap_err();
    assert!(error.is_usage());
    assert!(error.to_string().contains("selection=test"), "{error}");
    // Another network's.
    let other = begun(&small(
        "deterministic",
        &[format!("pretrained={file}"), "latent_dim=2".to_owned()],
    ));
    let message = other.unwrap_err().to_string();
    assert!(
        message.contains("model.linear.0.weight has shape [1, 9216], expected [2, 9216]"),
        "{message}"
    );
}
