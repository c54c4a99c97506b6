//! Every method on the sample set: it learns, it goes on exactly, and what it predicts is sound.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::sync::OnceLock;

use burn::tensor::{DType, Device, Tensor, TensorData};
use lam_data::places::{Near, Place, Positives};
use lam_data::{Loader, SearchPath};
use lam_model::ModelError;
use lam_model::miner::{PairRelation, Relation};
use lam_train::TrainError;
use lam_train::checkpoint::MethodState;
use lam_train::config::{Config, Override};
use lam_train::data::RunData;
use lam_train::method::{
    BuildContext, Embedded, Method, Report, StepInput, StepReport, Targets, build, place_relation,
};
use lam_train::randomness::{Purpose, Randomness};

/// The methods of this file's subject, each with what its configuration adds.
const METHODS: [(&str, &[&str]); 5] = [
    ("deterministic", &[]),
    ("mc_dropout", &["dropout_rate=0.2"]),
    ("pfe", &[]),
    ("hib", &["kl_weight=1e-6"]),
    ("laplace_online", &["loss_approx=fix"]),
];

const BATCH: usize = 32;

struct Batch {
    images: Vec<f32>,
    labels: Vec<u32>,
}

/// The first images of the sample set in a fixed order.
fn batches() -> &'static [Batch] {
    static BATCHES: OnceLock<Vec<Batch>> = OnceLock::new();
    BATCHES.get_or_init(|| {
        let config = config("deterministic", &[]);
        let data = RunData::open(&config, &SearchPath::standard(&[], None)).unwrap();
        let mut loader = Loader::builder(data.train.dataset())
            .batch_size(BATCH)
            .shuffle(1, 0)
            .build()
            .unwrap();
        (0..3)
            .map(|_| {
                let batch = loader.next().unwrap().unwrap();
                Batch {
                    images: batch.images.clone(),
                    labels: batch.labels.clone(),
                }
            })
            .collect()
    })
}

fn config(method: &str, settings: &[&str]) -> Config {
    let overrides: Vec<Override> = settings
        .iter()
        .map(|setting| Override::Set((*setting).to_owned()))
        .collect();
    let text = format!(
        "model: {method}\ndataset: sample\nlatent_dim: 4\nbatch_size: {BATCH}\nlr: 1.0e-5\n"
    );
    Config::parse(&text, Path::new("c.yaml"), &overrides)
        .unwrap()
        .config
}

fn method(config: &Config) -> Box<dyn Method> {
    let context = BuildContext {
        config,
        image_shape: [1, 28, 28],
        training_images: 3 * BATCH,
        device: &Device::flex(),
    };
    build(&context, Randomness::new(config.seed)).unwrap()
}

/// Steps `from..to` over the batches in turn.
fn train(method: &mut dyn Method, config: &Config, from: u64, to: u64) -> Vec<StepReport> {
    (from..to)
        .map(|step| {
            let batch = &batches()[step as usize % 3];
            take_step(method, config, batch, Targets::Labels(&batch.labels), step)
        })
        .collect()
}

fn take_step(
    method: &mut dyn Method,
    config: &Config,
    batch: &Batch,
    targets: Targets<'_>,
    step: u64,
) -> StepReport {
    let input = StepInput {
        images: images(&batch.images),
        targets,
        learning_rate: config.learning_rate(0, 1),
        step,
    };
    let report = method.step(input, Randomness::new(config.seed)).unwrap();
    Report::read(vec![report]).unwrap()[0]
}

/// `[B, 1, 28, 28]`.
fn images(values: &[f32]) -> Tensor<4> {
    let shape = [values.len() / 784, 1, 28, 28];
    Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
}

fn embed(method: &dyn Method, samples: usize, values: &[f32]) -> Embedded {
    let mut generator = Randomness::new(1).generator(Purpose::Test, 0);
    let predictor = method.predictor(samples, &mut generator).unwrap();
    predictor.embed(images(values))
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

/// The optimiser's bytes are in no fixed order: whether they say the same shows in the steps that follow.
fn same(a: &MethodState, b: &MethodState) {
    let names = |state: &MethodState| state.tensors.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(a), names(b));
    for (name, data) in &a.tensors {
        assert!(data == &b.tensors[name], "{name}");
    }
}

fn assert_unit_rows(values: &[f32], dim: usize) {
    for row in values.chunks_exact(dim) {
        let norm: f32 = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert!((norm - 1.0).abs() < 1e-5, "{row:?}");
    }
}

/// Trains by a configuration and asserts that the loss falls and that a run that stopped goes on to the bit; the reports
/// and the state after nine steps.
fn learns_and_goes_on(config: &Config) -> (Vec<StepReport>, MethodState) {
    let name = config.model;
    let mut whole = method(config);
    let reports = train(&mut *whole, config, 0, 45);
    let mean =
        |reports: &[StepReport]| reports.iter().map(|r| r.loss).sum::<f64>() / reports.len() as f64;
    let (first, last) = (mean(&reports[..6]), mean(&reports[39..]));
    assert!(last < first - 0.01, "{name}: {first} to {last}");

    let mut begun = method(config);
    train(&mut *begun, config, 0, 4);
    let mut resumed = method(config);
    resumed.restore(begun.state().unwrap()).unwrap();
    same(&begun.state().unwrap(), &resumed.state().unwrap());
    let after = train(&mut *resumed, config, 4, 9);
    assert_eq!(after, reports[4..9], "{name}");
    train(&mut *begun, config, 4, 9);
    let state = resumed.state().unwrap();
    same(&begun.state().unwrap(), &state);
    (reports, state)
}

#[test]
fn every_method_learns_and_goes_on_exactly_where_it_stopped() {
    for (name, settings) in METHODS {
        learns_and_goes_on(&config(name, settings));
    }
}

/// Steps are computed in bf16, and what is stored is of the same type as ever.
#[test]
fn every_method_learns_in_mixed_precision_and_goes_on_exactly() {
    for (name, settings) in METHODS {
        let full = config(name, settings);
        let want = train(&mut *method(&full), &full, 0, 1)[0];
        let mixed = config(name, &[settings, &["precision=mixed"]].concat());
        let (reports, state) = learns_and_goes_on(&mixed);
        // The first step has the same weights; from then on the two go ways of their own.
        let apart = (reports[0].loss - want.loss).abs() / want.loss.abs();
        assert!(0.0 < apart && apart < 0.02, "{name}: {apart}");
        for (tensor, data) in &state.tensors {
            assert_eq!(data.dtype(), DType::F32, "{name}: {tensor}");
        }
    }
}

#[test]
fn predictions_are_repeated_to_the_bit_and_sound() {
    const SAMPLES: usize = 7;
    for (name, settings) in METHODS {
        let config = config(name, settings);
        let mut method = method(&config);
        train(&mut *method, &config, 0, 3);
        let images = &batches()[0].images;
        let embedded = embed(&*method, SAMPLES, images);
        assert_eq!(embedded.mean.dims(), [BATCH, 4]);
        let mean = host(embedded.mean);
        assert_unit_rows(&mean, 4);
        assert_eq!(host(embed(&*method, SAMPLES, images).mean), mean, "{name}");
        let norms = host(embedded.feature_norm);
        assert!(norms.iter().all(|n| n.is_finite() && *n > 0.0), "{name}");
        if name == "deterministic" {
            assert!(embedded.deviation.is_none() && embedded.samples.is_none());
            continue;
        }
        let deviation = host(embedded.deviation.unwrap());
        assert!(
            deviation.iter().all(|s| s.is_finite() && *s > 0.0),
            "{name}: {deviation:?}"
        );
        let samples = embedded.samples.unwrap();
        assert_eq!(samples.dims(), [BATCH, SAMPLES, 4]);
        let samples = host(samples);
        assert_unit_rows(&samples, 4);
        let again = embed(&*method, SAMPLES, images);
        assert_eq!(host(again.samples.unwrap()), samples, "{name}");
        assert_eq!(host(again.deviation.unwrap()), deviation, "{name}");
        // What is said of an image does not depend on the images beside it.
        let alone = embed(&*method, SAMPLES, &images[5 * 784..6 * 784]);
        let of_alone = host(alone.samples.unwrap());
        for (a, b) in of_alone.iter().zip(&samples[5 * SAMPLES * 4..]) {
            assert!((a - b).abs() < 1e-4, "{name}: {a} {b}");
        }
    }
}

/// A checkpoint has no precision: what was trained in one predicts in the other, and differs by rounding.
#[test]
fn every_method_predicts_in_mixed_precision() {
    let others: [(&str, &[&str]); 2] = [
        ("laplace_posthoc", &["loss_approx=fix"]),
        ("deep_ensemble", &["seeds=[1,2]"]),
    ];
    for (name, settings) in METHODS.into_iter().chain(others) {
        let full = config(name, settings);
        let mut trained = method(&full);
        if name != "deep_ensemble" {
            train(&mut *trained, &full, 0, 3);
        }
        let mixed = config(name, &[settings, &["precision=mixed"]].concat());
        let mut restored = method(&mixed);
        restored.restore(trained.state().unwrap()).unwrap();
        let predicted = |method: &dyn Method| {
            let embedded = embed(method, 5, &batches()[0].images);
            [host(embedded.mean), host(embedded.feature_norm)]
        };
        let (got, want) = (predicted(&*restored), predicted(&*trained));
        for (got, want) in got.iter().zip(&want) {
            assert_ne!(got, want, "{name}");
            for (a, b) in got.iter().zip(want) {
                assert!((a - b).abs() < 0.03 * b.abs().max(1.0), "{name}: {a} {b}");
            }
        }
    }
}

#[test]
fn a_device_without_bf16_is_a_matter_of_use() {
    assert!(TrainError::from(ModelError::NoMixedPrecision).is_usage());
}

/// A place for each image: those of a class a few metres apart, the classes a kilometre.
fn places(labels: &[u32]) -> Vec<Place> {
    let places = labels.iter().enumerate().map(|(i, &label)| Place {
        easting: 5e5 + 1000.0 * f64::from(label) + 0.1 * i as f64,
        northing: 6e6,
        heading: None,
    });
    places.collect()
}

/// Who stands together is learned as who bears the same label, to the bit, by every method.
#[test]
fn places_train_as_the_labels_they_stand_for() {
    for (name, settings) in METHODS {
        // The Hessian's pairs are others than the loss's, so that it mines for itself.
        let settings = [settings, &["type_of_triplets_hessian=hard"]].concat();
        let config = config(name, &settings);
        let (mut by_label, mut by_place) = (method(&config), method(&config));
        for step in 0..3 {
            let batch = &batches()[step];
            let relation = place_relation(&places(&batch.labels), &config, None).unwrap();
            let labels = Targets::Labels(&batch.labels);
            let places = Targets::of_places(&relation, &config);
            let of_labels = take_step(&mut *by_label, &config, batch, labels, step as u64);
            let of_places = take_step(&mut *by_place, &config, batch, places, step as u64);
            assert!(of_labels.triplets > 0);
            assert_eq!(of_labels, of_places, "{name}");
        }
        same(&by_label.state().unwrap(), &by_place.state().unwrap());
    }
}

/// With `split_query_database` every triplet has its anchor in the first half and the others in the second.
#[test]
fn a_split_batch_has_the_triplets_of_queries_with_references() {
    let settings = ["split_query_database=true", "type_of_triplets=none"];
    let config = config("deterministic", &settings);
    let batch = &batches()[0];
    let relation = place_relation(&places(&batch.labels), &config, None).unwrap();
    let targets = Targets::of_places(&relation, &config);
    let report = take_step(&mut *method(&config), &config, batch, targets, 0);
    let (queries, references) = batch.labels.split_at(BATCH / 2);
    let triplets = queries.iter().map(|query| {
        let same = references.iter().filter(|label| *label == query).count();
        same * (references.len() - same)
    });
    assert_eq!(report.triplets, triplets.sum::<usize>() as u64);
}

/// The pairs that make training items are positives of the miner, to the last bit of a distance.
#[test]
fn the_search_and_the_miner_agree_on_who_is_near() {
    let config = config("deterministic", &[]);
    let place = |i: u32| Place {
        // Lattice points: 6-8-10 and 10-0 triangles are at the threshold exactly.
        easting: 5e5 + f64::from(i % 7) * 2.0,
        northing: 6e6 + f64::from(i / 7) * 2.0,
        heading: Some(f64::from(i * 37 % 720) * 0.5),
    };
    let places: Vec<Place> = (0..49).map(place).collect();
    let near = Near::than(config.pos_dist_thr).unwrap();
    for (near, heading) in [(near, None), (near.facing(22.5).unwrap(), Some(22.5))] {
        let found = Positives::search(&places, &places, &near).unwrap();
        let relation = place_relation(&places, &config, heading).unwrap();
        for a in 0..places.len() {
            let positive = |&b: &usize| relation.between(a, b) == Relation::Positive;
            let mined: Vec<u32> = (0..49).filter(positive).map(|b| b as u32).collect();
            let searched = found.of(a).iter().copied().filter(|&b| b != a as u32);
            assert_eq!(mined, searched.collect::<Vec<_>>());
            assert!(heading.is_some() || mined.len() > 10);
        }
    }
}

#[test]
fn places_without_the_headings_that_count_are_refused() {
    let config = config("deterministic", &[]);
    let mut places = places(&[0, 0, 1]);
    place_relation(&places, &config, None).unwrap();
    places[0].heading = Some(10.0);
    let error = place_relation(&places, &config, Some(22.5)).unwrap_err();
    assert!(
        error.to_string().contains("every place needs one"),
        "{error}"
    );
}

/// A sample's network leaves the same channels out of every image.
#[test]
fn a_dropout_sample_is_one_network() {
    let config = config("mc_dropout", &["dropout_rate=0.5"]);
    let method = method(&config);
    let image = &batches()[0].images[..784];
    let twice = host(embed(&*method, 5, &image.repeat(2)).samples.unwrap());
    let (first, second) = twice.split_at(5 * 4);
    assert_eq!(first, second);
    assert!(first[..4] != first[4..8], "two samples are two networks");
}

/// Their samples spread as their deviations say.
#[test]
fn gaussian_samples_have_the_predicted_spread() {
    for name in ["pfe", "hib"] {
        let config = config(name, &[]);
        let mut method = method(&config);
        let images = &batches()[0].images[..4 * 784];
        // Log-variances of −8, so that normalising hardly bends the samples.
        let mut state = method.state().unwrap();
        for (parameter, value) in [("scale", 0.1), ("shift", -8.0)] {
            let data = TensorData::new(vec![value as f32; 4], [4]);
            let name = format!("variance.output_norm.{parameter}");
            assert!(state.tensors.insert(name, data).is_some());
        }
        method.restore(state).unwrap();
        const SAMPLES: usize = 4000;
        let embedded = embed(&*method, SAMPLES, images);
        let (mean, deviation) = (host(embedded.mean), host(embedded.deviation.unwrap()));
        let samples = host(embedded.samples.unwrap());
        for image in 0..4 {
            let (mean, deviation) = (&mean[image * 4..][..4], &deviation[image * 4..][..4]);
            let of_image = &samples[image * SAMPLES * 4..][..SAMPLES * 4];
            for k in 0..4 {
                let values = of_image.iter().skip(k).step_by(4).map(|&v| f64::from(v));
                let centre = values.clone().sum::<f64>() / SAMPLES as f64;
                let variance =
                    values.map(|v| (v - centre).powi(2)).sum::<f64>() / (SAMPLES - 1) as f64;
                // Along the mean a unit vector cannot move: J = I − u uᵀ.
                let expected: f64 = (0..4)
                    .map(|j| {
                        let jacobian = f64::from(u8::from(j == k)) - f64::from(mean[j] * mean[k]);
                        (jacobian * f64::from(deviation[j])).powi(2)
                    })
                    .sum();
                assert!(
                    (variance / expected - 1.0).abs() < 0.1 || expected < 1e-7,
                    "{name}: {variance:e} {expected:e}"
                );
            }
        }
    }
}

/// Backbone and mean head of PFE are those it began with, to the bit; the variance moves.
#[test]
fn pfe_trains_the_variance_only() {
    let config = config("pfe", &[]);
    let mut method = method(&config);
    let before = method.state().unwrap().tensors;
    train(&mut *method, &config, 0, 2);
    let after = method.state().unwrap().tensors;
    assert_eq!(before.len(), after.len());
    for (name, data) in &before {
        let moved = &after[name] != data;
        assert_eq!(moved, !name.starts_with("model."), "{name}");
    }
}

#[test]
fn hib_learns_its_boundary_and_stores_it() {
    let config = config("hib", &[]);
    let mut method = method(&config);
    let before = method.posterior_summary();
    train(&mut *method, &config, 0, 2);
    let after = method.posterior_summary();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.0, after.0);
        assert!(before.1 != after.1, "{before:?}");
    }
    let state = method.state().unwrap();
    for name in [
        "criterion.alpha",
        "criterion.beta",
        "variance.input_norm.running_mean",
    ] {
        assert!(state.tensors.contains_key(name), "{name}");
    }
}

/// Every loss with every distance, with and without dropout.
#[test]
fn all_losses_work_with_all_distances() {
    for name in ["deterministic", "mc_dropout"] {
        for loss in ["triplet", "contrastive", "arccos"] {
            for distance in ["euclidean", "cosine"] {
                let loss = format!("loss={loss}");
                let distance = format!("distance={distance}");
                let mut settings = vec![loss.as_str(), distance.as_str()];
                if name == "mc_dropout" {
                    settings.push("dropout_rate=0.05");
                }
                let config = config(name, &settings);
                let mut method = method(&config);
                let reports = train(&mut *method, &config, 0, 24);
                let mean = |reports: &[StepReport]| reports.iter().map(|r| r.loss).sum::<f64>();
                let (first, last) = (mean(&reports[..3]), mean(&reports[21..]));
                assert!(last < first, "{name} {settings:?}: {first} to {last}");
            }
        }
    }
}
